import type { Canary, CanarySource } from "./canary.ts";
import { dependsOnSuccess, withoutPlaceholder } from "./command.ts";
import type { Framework, RunRequest } from "./framework.ts";
import { parseGoReport } from "./go-report.ts";

const goTest = /\bgo\s+test\b/g;

/** Ids are `package/TestName/sub`, the package by its import path. */
export const go: Framework = {
  name: "go",
  command: /\bgo\s+test\b/,
  testFiles: ["**/*_test.go", "**/testdata/**"],
  selectsByName: /\s--?(?:test\.)?(?:run|skip|list)\b/,
  fileOf: () => undefined,

  async plan(request) {
    const { command, env } = request;
    const canaries = request.canaries ? canaryFile(request, request.canaries) : undefined;
    const inCommand = command.includes("{report}")
      ? command.replaceAll("{report}", "-json")
      : command.replaceAll(goTest, "$& -json");
    const told = inCommand !== command || /\s--?json\b/.test(command);
    return {
      command: withoutPlaceholder(/\s--?json\b/.test(command) ? command : inCommand),
      env: told ? env : { ...env, GOFLAGS: [env.GOFLAGS, "-json"].filter(Boolean).join(" ") },
      files: canaries ? [canaries] : [],
      report: { from: "stdout" },
      canaries: canaries?.canaries ?? [],
      exitCodeHolds: true,
    };
  },

  parse: parseGoReport,
};

/** A file of canaries in the package of a hidden test that must pass; without hidden tests there is none. */
function canaryFile({ command, required, hiddenFiles }: RunRequest, source: CanarySource) {
  const names = required
    .map((id) => /(?:^|\/)((?:Test|Example|Fuzz)\w*)(?:\/|$)/.exec(id)?.[1])
    .filter((name) => name !== undefined);
  const tests = hiddenFiles
    .filter(({ path }) => path.endsWith("_test.go"))
    .map(({ path, content }) => ({ path, text: Buffer.from(content).toString("utf8") }));
  const file =
    tests.find(({ text }) => names.some((name) => text.includes(`func ${name}(`))) ??
    (names.length === 0 ? tests[0] : undefined);
  const packageName = /^package\s+(\w+)/m.exec(file?.text ?? "")?.[1];
  if (file === undefined || packageName === undefined) return undefined;

  const mayFail = required.length > 0 && !dependsOnSuccess(command, go.command);
  const make = (expected: Canary["expected"]) => source.make(expected, (words) => `Test${words.map(capital).join("")}`);
  const canaries = [make("passed"), make(mayFail ? "failed" : "passed"), make("passed")];
  const tag = canaries[0]?.text ?? "";
  const functions = canaries.map(
    ({ name, text, value }) => `
func ${name}(t *testing.T) {
	if got := fold${tag}("${text}"); got != ${value} {
		t.Fatalf("fold = %d, want ${value}", got)
	}
}
`,
  );
  const content = `package ${packageName}

import "testing"

func fold${tag}(text string) int {
	value := 7
	for _, character := range text {
		value = (value*31 + int(character)) % 99991
	}
	return value
}
${functions.join("")}`;
  const folder = file.path.includes("/") ? file.path.slice(0, file.path.lastIndexOf("/") + 1) : "";
  return { path: `${folder}z${make("passed").name.toLowerCase()}_test.go`, content, canaries };
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
