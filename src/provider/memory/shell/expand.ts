import type { Shell } from "./shell.ts";
import type { Word, WordPart } from "./syntax.ts";

/** One word to one string; variables are not split into fields and no file names are generated. */
export function expandWord(shell: Shell, word: Word): string {
  return word.map((part) => expandPart(shell, part)).join("");
}

/** Words to arguments: `"$@"` gives several, an unquoted variable that is empty gives none. */
export function expandWords(shell: Shell, words: readonly Word[]): string[] {
  return words.flatMap((word) => {
    const [only] = word;
    if (word.length <= 2 && word.some((part) => "variable" in part && part.variable === "@"))
      return shell.parameters.slice(1);
    const text = expandWord(shell, word);
    const vanishes = text === "" && word.length === 1 && only !== undefined && !only.quoted;
    return vanishes ? [] : [text];
  });
}

function expandPart(shell: Shell, part: WordPart): string {
  if ("text" in part) return part.text;
  switch (part.variable) {
    case "?":
      return String(shell.lastStatus);
    case "$":
      return String(shellPid);
    case "#":
      return String(shell.parameters.length - 1);
    case "@":
      return shell.parameters.slice(1).join(" ");
    case "PWD":
      return shell.cwd;
    default:
      return /^\d$/.test(part.variable)
        ? (shell.parameters[Number(part.variable)] ?? "")
        : (shell.env.get(part.variable) ?? "");
  }
}

/** What `$$` says. There are no processes; `kill` knows this number only. */
export const shellPid = 2;
