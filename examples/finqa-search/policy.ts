import { z } from "zod";
import type { Expected, Policies, Row, Tools } from "../runner/policy.ts";

/** What a model has to find out from the prompt is told to the scripts by the row's item. */
const question = z.strictObject({
  ask: z.enum(["growth", "share", "total"]),
  company: z.string(),
  measure: z.string(),
  year: z.number(),
});
const firstYear = 2021;

/** The figure of a line `| net income | 12,345 |`, after `reports/…/2022.md:7:` or without it. */
function figureOf(measure: string, text: string): number {
  const found = new RegExp(`\\| ${measure}[^|]*\\| ([\\d,]+) \\|`).exec(text);
  return Number((found?.[1] ?? "NaN").replaceAll(",", ""));
}

const percent = (part: number): string => `${(part * 100).toFixed(1)}%`;

/** One search of a company's folder for each measure, both at once. */
async function good({ item }: Row, tools: Tools): Promise<string> {
  const { ask, company, measure, year } = question.parse(item);
  const path = `reports/${company}`;
  const search = (name: string) => ["grep", { pattern: `^\\| ${name}`, path }] as const;
  const [own = "", revenue = ""] = await tools.all([search(measure), search("revenue")]);
  const of = (name: string, found: string, when: number) =>
    figureOf(name, found.split("\n").find((line) => line.includes(`/${when}.md:`)) ?? "");
  const now = of(measure, own, year);
  const years = [firstYear, firstYear + 1, firstYear + 2];
  const answers = {
    growth: () => percent(now / of(measure, own, year - 1) - 1),
    share: () => percent(now / of("revenue", revenue, year)),
    total: () => years.reduce((sum, when) => sum + of(measure, own, when), 0).toLocaleString("en"),
  };
  return `The answer is ${answers[ask]()}.`;
}

/** Opens report after report from the first one on; its calls end before most companies' turn comes. */
async function reader({ item }: Row, tools: Tools): Promise<string> {
  const { company, measure, year } = question.parse(item);
  const listed = await tools.call("list_dir", { path: "reports", depth: 2 });
  const files = [...listed.matchAll(/^(\S+\.md)\t/gm)].map(([, file = ""]) => file);
  let last = "nothing";
  for (const path of files) {
    const text = await tools.call("read_file", { path, line_numbers: false });
    if (text.startsWith("Error:")) break;
    if (path.includes(`${company}/${year}`)) last = figureOf(measure, text).toLocaleString("en");
  }
  return `The answer is ${last}.`;
}

/** Looks at nothing and says every percentage there could be. */
const everything = (): string =>
  `The answer is ${Array.from({ length: 400 }, (_, tenth) => percent(tenth / 1000)).join(", or the answer is ")}.`;

export const policies: Policies = {
  good,
  reader,
  bad: async () => everything(),
};

export const expected: Expected = {
  good: { because: "1: the right figure, in two calls", holds: (reward) => reward === 1 },
  reader: { because: "0: its ten calls are gone before it has what it needs", holds: (reward) => reward === 0 },
  bad: { because: "at most 0.1: it says everything", holds: (reward) => reward <= 0.1 },
};
