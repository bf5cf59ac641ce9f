import { matcher } from "../change-set/filter.ts";
import type { Canary } from "./canary.ts";
import { quoted, withFlags } from "./command.ts";
import type { Framework } from "./framework.ts";
import { parseReportLines } from "./report-lines.ts";
import { reporterLinesSource } from "./reporter-lines-source.ts";
import { fileOfScriptId } from "./script-id.ts";
import { foldExpression, scriptCanaries } from "./script-canaries.ts";

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

  async plan(request) {
    const { workdir, folder, env } = request;
    const report = `${folder}/report`;
    const reporter = `${folder}/reporter.cjs`;
    const { files, canaries } = await scriptCanaries(request, matcher(testFiles), fileOfScriptId, canaryTests);
    const names = canaries.map(({ name }) => name);
    return {
      command: withFlags(request.command, `--reporters=default --reporters=${quoted(`${workdir}/${reporter}`)}`),
      env,
      files: [
        ...files,
        { path: reporter, content: source({ report: `${workdir}/${report}`, workdir, canaries: names }) },
      ],
      report: { from: "file", path: report },
      canaries,
      exitCodeHolds: true,
    };
  },

  parse: parseReportLines,
};

/** Jest's globals, reached so that no type checker and no import of the file's own stands in the way. */
function canaryTests(_text: string, _path: string, canaries: readonly Canary[]): string {
  const tests = canaries.map(
    (canary) =>
      `globalThis["test"](${JSON.stringify(canary.name)}, () => { globalThis["expect"](${foldExpression(canary)}).toBe(${canary.value}); });`,
  );
  return `;${tests.join("\n")}\n`;
}

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
