import type { Canary } from "./canary.ts";
import type { RunPlan, RunRequest } from "./framework.ts";

export interface ScriptCanaries {
  readonly files: RunPlan["files"];
  readonly canaries: readonly Canary[];
}

const none: ScriptCanaries = { files: [], canaries: [] };

/**
 * Canaries at the end of a test file that the command surely runs: one that a required id names, or else every hidden
 * test file, which then carries the same canaries. `suffix` gives the text to append, or undefined where the
 * file is not written in a way that it knows.
 */
export async function scriptCanaries(
  request: RunRequest,
  isTest: (path: string) => boolean,
  fileOf: (id: string) => string | undefined,
  suffix: (source: string, path: string, canaries: readonly Canary[]) => string | undefined,
  kinds: readonly Canary["expected"][] = ["passed", "failed", "passed"],
): Promise<ScriptCanaries> {
  const source = request.canaries;
  if (source === undefined) return none;
  const canaries = kinds.map((expected) => source.make(expected, (words) => words.join(" ")));
  const named = request.required.map(fileOf).find((path) => path !== undefined);
  const paths = named === undefined ? request.hiddenFiles.map(({ path }) => path).filter(isTest) : [named];
  const files: { path: string; content: string }[] = [];
  for (const path of paths) {
    const hidden = request.hiddenFiles.find((file) => file.path === path);
    const text = hidden ? Buffer.from(hidden.content).toString("utf8") : await request.readFile(path);
    const appended = text === undefined ? undefined : suffix(text, path, canaries);
    if (text !== undefined && appended !== undefined) files.push({ path, content: `${text}\n${appended}` });
  }
  return files.length === 0 ? none : { files, canaries };
}

/** The fold as an expression of JavaScript. */
export const foldExpression = (canary: Canary): string =>
  `[...${JSON.stringify(canary.text)}].reduce((value, character) => (value * 31 + character.charCodeAt(0)) % 99991, 7)`;

/** Whether a script is an ES module by the look of it; the loader knows better, but this text has to fit. */
export const looksLikeModule = (source: string, path: string): boolean =>
  /\.m[jt]sx?$/.test(path) || (!/\.c[jt]sx?$/.test(path) && /^\s*(?:import\s[^(]|export\s)/m.test(source));
