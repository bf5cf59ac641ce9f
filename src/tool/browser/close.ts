import { z } from "zod";
import { BerthError } from "../../core/errors.ts";
import { defineTool } from "../tool.ts";
import { askBrowser, browserSession } from "./ask.ts";
import { tabField } from "./fields.ts";
import { dataOf, reportPages } from "./page-report.ts";

const closingMs = 5_000;

export const browserClose = defineTool({
  name: "browser_close",
  description: `Closes a tab, or the browser: then all of it is killed, and cookies and what was on its pages are lost.
Comes back: the tabs that stay, or that none is open.`,
  effect: "write",
  arguments: z.strictObject({ tab: tabField.describe("The tab's number. Default: the whole browser.") }),
  async run(context, { tab }) {
    if (tab !== undefined) {
      const answer = await askBrowser(context, { op: "close", tab }, closingMs);
      return { output: reportPages(answer), data: dataOf(answer) };
    }
    // It removes its folder; whether it does or not, nothing of it goes on.
    await unlessClosed(askBrowser(context, { op: "close" }, closingMs));
    await unlessClosed(context.guest.sessions.close(browserSession, { signal: context.signal }));
    return { output: "[no tab is open]\n", data: { tabs: [], current: null, notes: [] } };
  },
});

async function unlessClosed(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (thrown) {
    const there = thrown instanceof BerthError && ["browser_closed", "unknown_session"].includes(thrown.code);
    if (!there) throw thrown;
  }
}
