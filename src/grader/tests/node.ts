import { assertAssertions } from "./assertion-canaries.ts";
import { withoutPlaceholder } from "./command.ts";
import type { Framework, RunPlan, RunRequest } from "./framework.ts";
import { parseReportLines } from "./report-lines.ts";
import { reporterLinesSource } from "./reporter-lines-source.ts";
import { reporterPlan } from "./reporter-plan.ts";
import { fileOfScriptId } from "./script-id.ts";
import { canaryStatements, looksLikeModule, type CanaryTests } from "./script-canaries.ts";

const testFiles = ["**/*.test.*", "**/*[-_]test.*", "**/test-*.*", "**/test/**", "**/tests/**", "**/test.*"];

/** Ids are `file > suite > test` of node:test. The reporter runs in the runner's process, apart from the tests' own. */
export const node: Framework = {
  name: "node",
  command: /\bnode\b[^|;&]*\s--test\b|\bnode:test\b/,
  testFiles,
  selectsByName: /--test-(?:name|skip)-pattern|--test-only|--test-shard/,
  fileOf: fileOfScriptId,

  plan: (request) =>
    reporterPlan(request, {
      fileName: "reporter.mjs",
      source,
      testFiles,
      canaryTests,
      assertions: assertAssertions("foldAssert"),
      use: (reporter) => useReporter(request, reporter),
    }),

  parse: parseReportLines,
};

function useReporter({ command, env }: RunRequest, reporter: string): Pick<RunPlan, "command" | "env"> {
  const ours = [`--test-reporter=${reporter}`, "--test-reporter-destination=stderr"];
  const forPeople = /--test-reporter\b/.test(command)
    ? []
    : ["--test-reporter=spec", "--test-reporter-destination=stdout"];
  const flags = [...ours, ...forPeople].join(" ");
  if (command.includes("{report}")) return { command: command.replaceAll("{report}", flags), env };
  const NODE_OPTIONS = [env.NODE_OPTIONS, flags].filter(Boolean).join(" ");
  return { command: withoutPlaceholder(command), env: { ...env, NODE_OPTIONS } };
}

const canaryTests: CanaryTests = (text, path, canaries, assertions) => {
  const module = /assert\/strict|\bstrict\b/.test(text) ? "node:assert/strict" : "node:assert";
  const load = looksLikeModule(text, path)
    ? `import { test as foldTest } from "node:test";\nimport foldAssert from "${module}";`
    : `const { test: foldTest } = require("node:test");\nconst foldAssert = require("${module}");`;
  const equal = (value: string, number: number) => `foldAssert.equal(${value}, ${number})`;
  const tests = canaryStatements(canaries, assertions, equal).map(
    ([{ name }, statement]) => `foldTest(${JSON.stringify(name)}, () => ${statement});`,
  );
  return `${load}\n${tests.join("\n")}\n`;
};

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
