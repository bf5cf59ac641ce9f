import type { Linter } from "./linter.ts";
import { lintReport, type Finding } from "./lint-report.ts";

const inFile = /^(.+?)\(\d+,\d+\): error (TS(\d+)): /;
const inNone = /^error (TS(\d+)): /;
const suppression = /@ts-(?:ignore|expect-error|nocheck)/g;

/** What is wrong with the options, the project file or the list of inputs. */
const isConfiguration = (code: number): boolean => (code >= 5000 && code < 7000) || code >= 18_000;
/** A file that cannot be parsed keeps tsc from checking any. */
const isSyntax = (code: number): boolean => code >= 1000 && code < 1200;

export const tsc: Linter = {
  name: "tsc",
  program: "tsc",
  paths: [],
  configName: "tsconfig.json",
  configFiles: ["**/tsconfig*.json", "**/jsconfig*.json"],
  files: ["**/*.{js,jsx,mjs,cjs,ts,tsx,mts,cts}"],
  env: {},
  suppression,
  defuse: (text) => text.replaceAll(suppression, (found) => found.replace("@ts-", "@ts_")),

  command: ({ program, config }) =>
    `${program} --noEmit --pretty false --incremental false --project ${config ?? "tsconfig.json"}`,

  parse(text, { outcome, workdir }) {
    if (outcome.type !== "exited" || outcome.code > 2) return { trouble: "tsc did not come to its end" };
    const found: Finding[] = [];
    for (const line of text.toString("utf8").split("\n")) {
      const [, path = "", rule, number] = inFile.exec(line) ?? [];
      const [, global, globalNumber] = rule === undefined ? (inNone.exec(line) ?? []) : [];
      const code = Number(number ?? globalNumber);
      if (global !== undefined && isConfiguration(code))
        return { trouble: `tsc could not begin: ${line.slice(0, 300)}` };
      if (rule !== undefined || global !== undefined)
        found.push({ path, rule: rule ?? global ?? "", unreadable: isSyntax(code) });
    }
    if (outcome.code !== 0 && found.length === 0) return { trouble: "tsc failed without a finding" };
    return lintReport(found, workdir);
  },
};
