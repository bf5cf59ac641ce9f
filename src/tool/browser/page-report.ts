import type { BrowserAnswer } from "./frames.ts";

/** What a model reads of the tabs that are open, and of what happened in them since the last answer. */
export function reportPages({ tabs, current, notes }: BrowserAnswer): string {
  const lines = tabs.map(
    ({ tab, title, url }) =>
      `${tab === current ? "current tab" : "tab"} ${tab}: ${title === "" ? "" : `${title} `}<${url}>`,
  );
  return [...(lines.length === 0 ? ["no tab is open"] : lines), ...notes].map((line) => `[${line}]\n`).join("");
}

export const dataOf = ({ tabs, current, notes }: BrowserAnswer): Record<string, unknown> => ({ tabs, current, notes });
