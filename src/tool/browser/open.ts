import { z } from "zod";
import { defineTool } from "../tool.ts";
import { askBrowser } from "./ask.ts";
import { timeoutField } from "./fields.ts";
import { dataOf, reportPages } from "./page-report.ts";

const maxUrlLength = 16_384;

export const browserOpen = defineTool({
  name: "browser_open",
  description: `Opens a page in a browser (Chromium) that runs in the sandbox and goes on between calls: cookies, tabs and what was typed stay until browser_close.
A server that you started in the background is at http://127.0.0.1:PORT; other hosts are reached only where the environment allows them. At most 8 tabs are open; one more closes the oldest. Dialogs are answered at once (alert accepted, confirm and prompt dismissed) and told of; downloads are refused.
Comes back when the page has loaded: the tabs with their titles and addresses, and errors of the pages. What is on the page gives browser_snapshot.`,
  effect: "write",
  arguments: z.strictObject({
    url: z
      .string()
      .max(maxUrlLength)
      .refine((url) => ["http:", "https:", "file:", "data:", "about:"].includes(URL.parse(url)?.protocol ?? ""), {
        error: "must be a whole address: http://, https://, file://, data: or about:",
      })
      .describe("The address, for example http://127.0.0.1:8000/."),
    new_tab: z.boolean().default(false).describe("Open it in a tab of its own, and leave the current one as it is."),
    timeout_ms: timeoutField,
  }),
  async run(context, { url, new_tab, timeout_ms }) {
    const answer = await askBrowser(context, { op: "open", url, new_tab }, timeout_ms);
    return { output: reportPages(answer), data: dataOf(answer) };
  },
});
