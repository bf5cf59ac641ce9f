import { matcher } from "../change-set/filter.ts";
import type { Canary } from "./canary.ts";
import { withoutPlaceholder } from "./command.ts";
import type { Framework } from "./framework.ts";
import { parseReportLines } from "./report-lines.ts";
import { reporterLinesSource } from "./reporter-lines-source.ts";
import { fileOfScriptId } from "./script-id.ts";
import { foldExpression, looksLikeModule, scriptCanaries } from "./script-canaries.ts";

const testFiles = ["**/*.test.*", "**/*[-_]test.*", "**/test-*.*", "**/test/**", "**/tests/**", "**/test.*"];

/** Ids are `file > suite > test` of node:test. The reporter runs in the runner's process, apart from the tests' own. */
export const node: Framework = {
  name: "node",
  command: /\bnode\b[^|;&]*\s--test\b|\bnode:test\b/,
  testFiles,
  selectsByName: /--test-(?:name|skip)-pattern|--test-only|--test-shard/,
  fileOf: fileOfScriptId,

  async plan(request) {
    const { workdir, folder, env } = request;
    const report = `${folder}/report`;
    const reporter = `${folder}/reporter.mjs`;
    const { files, canaries } = await scriptCanaries(request, matcher(testFiles), fileOfScriptId, canaryTests);
    const names = canaries.map(({ name }) => name);
    const ours = [`--test-reporter=${workdir}/${reporter}`, "--test-reporter-destination=stderr"];
    const forPeople = /--test-reporter\b/.test(request.command)
      ? []
      : ["--test-reporter=spec", "--test-reporter-destination=stdout"];
    const flags = [...ours, ...forPeople].join(" ");
    const byFlag = request.command.includes("{report}");
    return {
      command: byFlag ? request.command.replaceAll("{report}", flags) : withoutPlaceholder(request.command),
      env: byFlag ? env : { ...env, NODE_OPTIONS: [env.NODE_OPTIONS, flags].filter(Boolean).join(" ") },
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

function canaryTests(text: string, path: string, canaries: readonly Canary[]): string {
  const load = looksLikeModule(text, path)
    ? `import { test as foldTest } from "node:test";\nimport foldAssert from "node:assert/strict";`
    : `const { test: foldTest } = require("node:test");\nconst foldAssert = require("node:assert/strict");`;
  const tests = canaries.map(
    (canary) =>
      `foldTest(${JSON.stringify(canary.name)}, () => foldAssert.equal(${foldExpression(canary)}, ${canary.value}));`,
  );
  return `${load}\n${tests.join("\n")}\n`;
}

const source = (settings: Parameters<typeof reporterLinesSource>[0]): string => `import fs from "node:fs";
import crypto from "node:crypto";
${reporterLinesSource(settings)}
export default async function* berth(events) {
  const run = open();
  const names = [];
  let failed = 0;
  let canaryFailed = 0;
  keepExitCode(() => canaryFailed > 0 && failed === 0);
  for await (const { type, data } of events) {
    if (type === "test:start") {
      names.length = data.nesting;
      names[data.nesting] = data.name;
    }
    if (type !== "test:pass" && type !== "test:fail") continue;
    names.length = data.nesting;
    if (data.details?.type === "suite") {
      if (type === "test:fail" && data.details.error?.failureType !== "subtestsFailed") failed += 1;
      continue;
    }
    const wholeFile = data.nesting === 0 && [data.file, relative(data.file)].includes(data.name);
    if (wholeFile && type === "test:pass") continue;
    const skipped = data.skip !== undefined || data.todo !== undefined;
    const status = type === "test:fail" && data.todo === undefined ? "failed" : skipped ? "skipped" : "passed";
    const path = wholeFile ? [] : [...names, data.name];
    run.test([relative(data.file), ...path].join(" > "), status);
    if (status === "failed") isCanary(data.name) ? (canaryFailed += 1) : (failed += 1);
  }
  run.end();
}
`;
