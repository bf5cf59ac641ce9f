import { z } from "zod";
import { defineTool } from "../tool.ts";
import { askBrowser } from "./ask.ts";
import { refField, tabField, timeoutField } from "./fields.ts";
import { keys, namedKeys } from "./keys.ts";
import { dataOf, reportPages } from "./page-report.ts";

/** A question is sent whole; in JSON a character may take six. */
const maxTextLength = 65_536;

export const browserType = defineTool({
  name: "browser_type",
  description: `Types into a field of the page, or presses keys. Of a list (select) it chooses the option of that label or value.
Comes back when the page has taken it: the tabs with their titles and addresses, and errors and dialogs of the pages.`,
  effect: "write",
  arguments: z.strictObject({
    ref: refField("The field, as browser_snapshot names it. Default: what has the focus.").optional(),
    text: z.string().max(maxTextLength).optional().describe("What to type, in place of what is in the field."),
    append: z.boolean().default(false).describe("Type behind what is in the field, key by key."),
    keys: z.array(z.enum(namedKeys)).max(100).default([]).describe("Keys to press after the text, by name."),
    tab: tabField,
    timeout_ms: timeoutField,
  }),
  async run(context, { timeout_ms, keys: pressed, ...wanted }) {
    const question = { op: "type", ...wanted, keys: pressed.map((key) => keys[key]) } as const;
    const answer = await askBrowser(context, question, timeout_ms);
    return { output: reportPages(answer), data: dataOf(answer) };
  },
});
