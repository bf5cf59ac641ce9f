import { quoted } from "../clean-run/quoted.ts";
import { withFlags } from "./command.ts";
import type { Framework } from "./framework.ts";
import { parseReportLines } from "./report-lines.ts";
import { reporterLinesSource } from "./reporter-lines-source.ts";
import { reporterPlan } from "./reporter-plan.ts";
import { fileOfScriptId } from "./script-id.ts";
import { matcherAssertions } from "./assertion-canaries.ts";
import { canaryStatements, type CanaryTests } from "./script-canaries.ts";

const testFiles = [
  "**/*.{test,spec}.?([cm])[jt]s?(x)",
  "**/__tests__/**",
  "**/__mocks__/**",
  "**/__snapshots__/**",
  "**/tests/**",
  "test/**",
];

/** Ids are `file > suite > test`. The reporter runs in jest's main process, where jest runs a single test file too. */
export const jest: Framework = {
  name: "jest",
  command: /\bjest\b/,
  testFiles,
  selectsByName: /\s(?:-t|--testNamePattern|--shard|-o|--onlyChanged|--onlyFailures|-f|--changedSince)\b/,
  fileOf: fileOfScriptId,

  plan: (request) =>
    reporterPlan(request, {
      fileName: "reporter.cjs",
      source,
      testFiles,
      canaryTests,
      assertions: matcherAssertions('globalThis["expect"]'),
      use: (reporter) => ({
        command: withFlags(request.command, `--reporters=default --reporters=${quoted(reporter)}`),
        env: request.env,
      }),
    }),

  parse: parseReportLines,
};

/** Jest's globals, reached so that no type checker and no import of the file's own stands in the way. */
const canaryTests: CanaryTests = (_text, _path, canaries, assertions) => {
  const equal = (value: string, number: number) => `globalThis["expect"](${value}).toBe(${number})`;
  const tests = canaryStatements(canaries, assertions, equal).map(
    ([{ name }, statement]) => `globalThis["test"](${JSON.stringify(name)}, () => { ${statement}; });`,
  );
  return `;${tests.join("\n")}\n`;
};

const source = (settings: Parameters<typeof reporterLinesSource>[0]): string => `"use strict";
const fs = require("node:fs");
const crypto = require("node:crypto");
${reporterLinesSource(settings)}
const states = { passed: "passed", failed: "failed" };
module.exports = class BerthReporter {
  constructor() {
    this.run = open();
  }
  onRunComplete(_contexts, results) {
    for (const file of results.testResults) {
      for (const test of file.testResults) {
        const path = [relative(file.testFilePath), ...test.ancestorTitles, test.title];
        const status = states[test.status] ?? "skipped";
        this.run.test(path.join(" > "), status);
        if (status !== "failed" || !isCanary(test.title)) continue;
        results.numFailedTests -= 1;
        file.numFailingTests -= 1;
      }
    }
    this.run.end();
  }
};
`;
