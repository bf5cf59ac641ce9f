import { z } from "zod";
import { countField } from "../fields.ts";
import { defineTool } from "../tool.ts";
import { askBrowser } from "./ask.ts";
import { refField, tabField, timeoutField } from "./fields.ts";
import { mostSnapshotBytes } from "./frames.ts";
import { dataOf, reportPages } from "./page-report.ts";

export const browserSnapshot = defineTool({
  name: "browser_snapshot",
  description: `Shows what is on the page as its accessibility tree: roles, names, values and states, and a ref such as e12 for each element, by which browser_click and browser_type name it.
An element keeps its ref as long as it is on the page; a new document has new ones.
Comes back: the tree, a line an element, then the tabs. A long one is cut at a line, and the answer says which from_line goes on; ref gives one part of the page.`,
  effect: "read",
  arguments: z.strictObject({
    ref: refField("Only this element and what is in it. Default: the page.").optional(),
    from_line: countField(1, 1_000_000, 1, "First line of the tree to give."),
    max_bytes: countField(1_024, mostSnapshotBytes, 16_384, "Most bytes of the tree to give."),
    tab: tabField,
    timeout_ms: timeoutField,
  }),
  async run(context, { timeout_ms, ...wanted }) {
    const answer = await askBrowser(context, { op: "snapshot", ...wanted }, timeout_ms);
    const { text = "", from_line = wanted.from_line, lines = 0, total_lines = 0 } = answer.snapshot ?? {};
    const next = from_line + lines;
    const more = lines > 0 && next <= total_lines;
    const which = `lines ${from_line} to ${next - 1} of ${total_lines}`;
    const note = lines === 0 ? `[no line ${from_line}: there are ${total_lines}]\n` : "";
    const cut = more ? `[${which}; go on with from_line ${next}, or take a part of the page by its ref]\n` : "";
    return {
      output: `${text}${text === "" ? "" : "\n"}${note}${cut}${reportPages(answer)}`,
      data: { ...dataOf(answer), from_line, lines, total_lines },
      truncated: more,
    };
  },
});
