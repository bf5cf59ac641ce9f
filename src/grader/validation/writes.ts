import type { ShellCommand } from "./shell-line.ts";

const writers = new Set("tee cp mv rm mkdir rmdir touch patch truncate dd ln install rsync unzip ed ex".split(" "));
const gitWriters = new Set(
  "apply am checkout restore reset revert stash merge rebase cherry-pick pull switch clean rm mv".split(" "),
);

/** Whether a command changes files by what it is; what a script of the workspace writes cannot be read off its name. */
export function writesFiles({ words, writes }: ShellCommand): boolean {
  if (writes.some((target) => !target.startsWith("/tmp/"))) return true;
  const [name = "", ...args] = words;
  if (writers.has(name)) return true;
  if (name === "git") return gitWriters.has(args.find((arg) => !arg.startsWith("-")) ?? "");
  if (name === "sed" || name === "perl") return args.some((arg) => /^-[a-z]*i|^--in-place/.test(arg));
  return args.some((arg) => arg === "--fix" || arg === "--write");
}

/** The same of a line whose commands cannot be told apart. */
export const maySeemToWrite = (text: string): boolean =>
  />(?!\s*&?\d|\s*\/dev\/null|\s*\/tmp\/)|<<|\b(?:tee|cp|mv|rm|patch|touch)\s|\bsed\s+-[a-z]*i|\bgit\s+(?:apply|checkout|restore|reset|stash)\b|\.write\w*\(|\bopen\(/.test(
    text,
  );
