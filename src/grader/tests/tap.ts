import { matcher } from "../change-set/filter.ts";
import type { Canary } from "./canary.ts";
import { dependsOnSuccess, withoutPlaceholder } from "./command.ts";
import type { Framework } from "./framework.ts";
import { foldExpression, looksLikeModule, scriptCanaries } from "./script-canaries.ts";
import { parseTap } from "./tap-report.ts";

const testFiles = ["**/*.test.*", "**/*[-_]test.*", "**/test/**", "**/tests/**", "**/test.*"];
const runner = /\b(?:node|tape|npx)\b/;

/** Ids are the names of tape's tests: the text of the `# name` lines of its TAP on standard output. */
export const tap: Framework = {
  name: "tap",
  command: /\btape\b/,
  testFiles,
  selectsByName: /--only\b|--grep\b/,
  fileOf: () => undefined,

  async plan(request) {
    const depends = dependsOnSuccess(request.command, runner);
    const kinds: readonly Canary["expected"][] =
      depends || request.required.length === 0 ? ["passed", "passed"] : ["passed", "failed", "passed"];
    const { files, canaries } = await scriptCanaries(request, matcher(testFiles), () => undefined, canaryTests, {
      kinds,
    });
    return {
      command: withoutPlaceholder(request.command),
      env: request.env,
      files,
      report: { from: "stdout" },
      canaries,
      exitCodeHolds: true,
    };
  },

  parse: parseTap,
};

function canaryTests(text: string, path: string, canaries: readonly Canary[]): string | undefined {
  if (!/(?:require\(|from\s+)["']tape["']/.test(text)) return undefined;
  const load = looksLikeModule(text, path) ? `import foldTest from "tape";` : `const foldTest = require("tape");`;
  const tests = canaries.map(
    (canary) =>
      `foldTest(${JSON.stringify(canary.name)}, (t) => { t.equal(${foldExpression(canary)}, ${canary.value}); t.end(); });`,
  );
  return `${load}\n${tests.join("\n")}\n`;
}
