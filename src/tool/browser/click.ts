import { z } from "zod";
import { countField } from "../fields.ts";
import { defineTool } from "../tool.ts";
import { askBrowser } from "./ask.ts";
import { refField, tabField, timeoutField } from "./fields.ts";
import { dataOf, reportPages } from "./page-report.ts";

export const browserClick = defineTool({
  name: "browser_click",
  description: `Clicks an element of the page, once it can be clicked: visible, still, enabled and covered by nothing.
Comes back when the page it leads to is there: the tabs with their titles and addresses, and errors and dialogs of the pages. A tab that the page opens becomes the current one.`,
  effect: "write",
  arguments: z.strictObject({
    ref: refField("The element, as browser_snapshot names it."),
    button: z.enum(["left", "right", "middle"]).default("left").describe("The mouse's button."),
    times: countField(1, 3, 1, "2 for a double click."),
    tab: tabField,
    timeout_ms: timeoutField,
  }),
  async run(context, { timeout_ms, ...wanted }) {
    const answer = await askBrowser(context, { op: "click", ...wanted }, timeout_ms);
    return { output: reportPages(answer), data: dataOf(answer) };
  },
});
