import { looksLikeModule } from "../../grader/tests/script-canaries.ts";

/** What the test that is replaced tells of how it is run. */
export interface ReplacedTest {
  readonly path: string;
  readonly source: string;
  /** What runs the tests: it decides where the file itself imports no runner. */
  readonly command: string;
}

type ScriptRunner = "node" | "vitest" | "jest" | "tape" | "globals";

const runners: Readonly<Record<string, ScriptRunner>> = {
  "node:test": "node",
  test: "node",
  vitest: "vitest",
  "@jest/globals": "jest",
  tape: "tape",
};

const imports = /(?:\bfrom\s*|\brequire\s*\(\s*|\bimport\s*\(?\s*)["']([^"'\n]+)["']/g;

const byCommand: readonly (readonly [RegExp, ScriptRunner])[] = [
  [/\btape\b/, "tape"],
  [/\bnode\b.*\s--test\b/, "node"],
];

function runnerOf({ source, command }: ReplacedTest): ScriptRunner {
  for (const [, name = ""] of source.matchAll(imports)) {
    const runner = Object.hasOwn(runners, name) ? runners[name] : undefined;
    if (runner) return runner;
  }
  // vitest with globals, jest and mocha have `it` without an import.
  return byCommand.find(([pattern]) => pattern.test(command))?.[1] ?? "globals";
}

const bring = (names: string, from: string, module: boolean): string =>
  module ? `import ${names} from "${from}";\n` : `const ${names} = require("${from}");\n`;

function script(test: ReplacedTest): string {
  const module = looksLikeModule(test.source, test.path);
  switch (runnerOf(test)) {
    case "node":
      return `${bring("{ test }", "node:test", module)}test("ok", () => {});\n`;
    case "vitest":
      return `${bring("{ test }", "vitest", module)}test("ok", () => {});\n`;
    case "jest":
      return `${bring("{ test }", "@jest/globals", module)}test("ok", () => {});\n`;
    case "tape":
      return `${bring("test", "tape", module)}test("ok", (t) => { t.pass("ok"); t.end(); });\n`;
    case "globals":
      return `it("ok", () => {});\n`;
  }
}

/** Files of one package may not declare the same function. */
function goTest({ path, source }: ReplacedTest): string {
  const name = /^package\s+(\w+)/m.exec(source)?.[1] ?? "main";
  return `package ${name}\n\nimport "testing"\n\nfunc TestOk_${path.replaceAll(/\W/g, "_")}(t *testing.T) {}\n`;
}

/** A test in the place of another: in its language, for its runner, as its kind of module; it always passes. */
export function alwaysPassing(test: ReplacedTest): string {
  if (test.path.endsWith(".py")) return "def test_ok():\n    assert True\n";
  if (test.path.endsWith(".go")) return goTest(test);
  return script(test);
}
