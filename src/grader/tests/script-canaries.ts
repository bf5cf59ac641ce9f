import { assertionsIn, type FailingAssertion } from "./assertion-canaries.ts";
import type { Canary } from "./canary.ts";
import type { RunPlan, RunRequest } from "./framework.ts";

export interface ScriptCanaries {
  readonly files: RunPlan["files"];
  readonly canaries: readonly Canary[];
}

const none: ScriptCanaries = { files: [], canaries: [] };

/** Texts of tests for one file; `assertions` belong to the last of the canaries, in order. */
export type CanaryTests = (
  source: string,
  path: string,
  canaries: readonly Canary[],
  assertions: readonly FailingAssertion[],
) => string | undefined;

/**
 * Canaries at the end of a test file that the command surely runs: one that a required id names, or else every hidden
 * test file, which then carries the same canaries. `suffix` gives the text to append, or undefined where the
 * file is not written in a way that it knows.
 */
export async function scriptCanaries(
  request: RunRequest,
  isTest: (path: string) => boolean,
  fileOf: (id: string) => string | undefined,
  suffix: CanaryTests,
  {
    kinds = ["passed", "failed", "passed"],
    known = new Map(),
  }: {
    kinds?: readonly Canary["expected"][];
    known?: ReadonlyMap<string, readonly FailingAssertion[]>;
  } = {},
): Promise<ScriptCanaries> {
  const source = request.canaries;
  if (source === undefined) return none;
  const named = request.required.map(fileOf).find((path) => path !== undefined);
  const paths = named === undefined ? request.hiddenFiles.map(({ path }) => path).filter(isTest) : [named];
  const texts = new Map<string, string>();
  for (const path of paths) {
    const hidden = request.hiddenFiles.find((file) => file.path === path);
    const text = hidden ? Buffer.from(hidden.content).toString("utf8") : await request.readFile(path);
    if (text !== undefined) texts.set(path, text);
  }
  const assertions = assertionsIn([...texts.values()], known);
  const expected = [...kinds, ...assertions.map(() => "failed" as const)];
  const canaries = expected.map((one) => source.make(one, (words) => words.join(" ")));
  const files: { path: string; content: string }[] = [];
  for (const [path, text] of texts) {
    const appended = suffix(text, path, canaries, assertions);
    if (appended !== undefined) files.push({ path, content: `${text}\n${appended}` });
  }
  return files.length === 0 ? none : { files, canaries };
}

/** The fold as an expression of JavaScript. */
export const foldExpression = (canary: Canary): string =>
  `[...${JSON.stringify(canary.text)}].reduce((value, character) => (value * 31 + character.charCodeAt(0)) % 99991, 7)`;

/** The canaries as statements: numbers compared by `equal`, and after them one for each assertion. */
export const canaryStatements = (
  canaries: readonly Canary[],
  assertions: readonly FailingAssertion[],
  equal: (value: string, number: number) => string,
): [canary: Canary, statement: string][] =>
  canaries.map((canary, at) => {
    const assertion = assertions[at - (canaries.length - assertions.length)];
    return [canary, (assertion ?? equal)(foldExpression(canary), canary.value)];
  });

/** Whether a script is an ES module by the look of it; the loader knows better, but this text has to fit. */
export const looksLikeModule = (source: string, path: string): boolean =>
  /\.m[jt]sx?$/.test(path) || (!/\.c[jt]sx?$/.test(path) && /^\s*(?:import\s[^(]|export\s)/m.test(source));
