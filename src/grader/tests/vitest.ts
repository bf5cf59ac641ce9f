import { quoted } from "../clean-run/quoted.ts";
import { withFlags } from "./command.ts";
import type { Framework } from "./framework.ts";
import { parseReportLines } from "./report-lines.ts";
import { reporterLinesSource } from "./reporter-lines-source.ts";
import { reporterPlan } from "./reporter-plan.ts";
import { fileOfScriptId } from "./script-id.ts";
import { askForMatchers, hasMatcherAsValue, matcherAssertions } from "./assertion-canaries.ts";
import { canaryStatements, type CanaryTests } from "./script-canaries.ts";

const testFiles = [
  "**/*.{test,spec}.?([cm])[jt]s?(x)",
  "**/__tests__/**",
  "**/__snapshots__/**",
  "**/tests/**",
  "test/**",
];

/** Ids are `file > suite > test`. The reporter runs in vitest's main process. */
export const vitest: Framework = {
  name: "vitest",
  command: /\bvitest\b/,
  testFiles,
  selectsByName: /\s(?:-t|--testNamePattern|--test-name-pattern|--shard|--changed|--related)\b/,
  fileOf: fileOfScriptId,

  plan: (request) =>
    reporterPlan(request, {
      fileName: "reporter.mjs",
      source,
      testFiles,
      canaryTests,
      assertions: matcherAssertions("foldExpect"),
      use: (reporter) => ({
        command: withFlags(request.command, `--reporter=default --reporter=${quoted(reporter)}`),
        env: request.env,
      }),
    }),

  parse: parseReportLines,
};

const canaryTests: CanaryTests = (text, _path, canaries, assertions) => {
  const equal = (value: string, number: number) => `foldExpect(${value}).toBe(${number})`;
  const tests = canaryStatements(canaries, assertions, equal).map(
    ([{ name }, statement]) => `foldTest(${JSON.stringify(name)}, () => { ${statement}; });`,
  );
  const load = `import { chai as foldChai, test as foldTest, expect as foldExpect } from "vitest";`;
  return `${load}\n${hasMatcherAsValue(text) ? "" : guard}${tests.join("\n")}\n`;
};

/** Matchers that compare are wrapped where vitest keeps them. */
const guard = `${askForMatchers}
for (const name of ["toEqual", "toStrictEqual", "toMatchObject", "toContainEqual", "toHaveProperty"])
  if (name in foldChai.Assertion.prototype)
    foldChai.util.overwriteMethod(foldChai.Assertion.prototype, name, (inner) => function (...given) {
      foldAsk(foldChai.util.flag(this, "object"), { left: 500 });
      return inner.apply(this, given);
    });
`;

/** `onTestRunEnd` is vitest 3 and later, `onFinished` before. Both walk the same tree of tasks. */
const source = (settings: Parameters<typeof reporterLinesSource>[0]): string => `import fs from "node:fs";
import crypto from "node:crypto";
${reporterLinesSource(settings)}
const states = { pass: "passed", fail: "failed", skip: "skipped", todo: "skipped" };
export default class BerthReporter {
  #run = open();
  #failed = 0;
  #canaryFailed = 0;
  #finished = false;
  constructor() {
    keepExitCode(() => this.#finished && this.#canaryFailed > 0 && this.#failed === 0);
  }
  onTestRunEnd(modules, errors) {
    this.#finish(modules.map((module) => module.task), errors);
  }
  onFinished(files, errors) {
    this.#finish(files ?? [], errors);
  }
  #finish(files, errors) {
    if (this.#finished) return;
    this.#finished = true;
    this.#failed += errors?.length ?? 0;
    for (const file of files) this.#walk(file, [relative(file.filepath)]);
    this.#run.end();
  }
  #walk(task, path) {
    if (task.tasks !== undefined) {
      if ((task.result?.errors?.length ?? 0) > 0) this.#failed += 1;
      for (const child of task.tasks) this.#walk(child, [...path, child.name]);
      return;
    }
    const status = states[task.result?.state] ?? (task.mode === "run" ? "failed" : "skipped");
    this.#run.test(path.join(" > "), status);
    if (status === "failed") isCanary(task.name) ? (this.#canaryFailed += 1) : (this.#failed += 1);
  }
}
`;
