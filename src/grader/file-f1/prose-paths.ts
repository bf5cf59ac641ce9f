import { withoutPlace } from "./canonical-path.ts";

/** Endings that make a word without a folder the name of a file: `os.path` is none, `setup.py` is one. */
const endings = new Set(
  (
    "astro bash bat bzl c cc cfg cjs clj cmake conf cpp cs css csv cts cu cxx dart ex exs go gradle graphql h hpp hs htm html " +
    "ini ipynb java jl js json jsonc jsx kt kts less lock lua m md mdx mjs mm mod mts nix patch php pl proto ps1 py pyi pyx r " +
    "rb rs rst sass scala scss sh sql sum svelte svg swift tf toml ts tsx txt vue xml yaml yml zig zsh"
  ).split(" "),
);

/** Files that have no ending. */
const plainNames =
  /^(?:Makefile|Dockerfile|Containerfile|Jenkinsfile|Gemfile|Rakefile|Procfile|Vagrantfile|Justfile|CODEOWNERS|LICENSE|BUILD|WORKSPACE)$/;

const pairs: readonly (readonly [string, string])[] = [
  ["(", ")"],
  ["[", "]"],
  ["{", "}"],
  ["<", ">"],
];

/** The longest word that may name a file, in characters. */
const longestWord = 1024;

/**
 * The words of a text that name files. Whether a word does depends on the word and on how it is set, never on what is
 * looked for: a wrong guess costs what a right one would earn.
 */
export function prosePaths(answer: string): string[] {
  return answer.split("\n").flatMap((line) => {
    const alone = /^\s*(?:(?:[-*+]|\d{1,4}[.)])\s+)?\S+\s*$/.test(line.slice(0, longestWord));
    return wordsOf(line).flatMap(({ word, quoted }) => (namesFile(word, quoted || alone) ? [word] : []));
  });
}

function wordsOf(line: string): { word: string; quoted: boolean }[] {
  return line.split(/`+/).flatMap((piece, at) => {
    const words = piece.split(/\]\(|[\s,;|"'│├└─]+/);
    return words
      .filter((word) => word.length > 0 && word.length <= longestWord)
      .map((word) => ({ word: bare(word), quoted: at % 2 === 1 }));
  });
}

/** Without the punctuation around it; brackets that belong to the name stay, as in `app/[id].tsx`. */
function bare(word: string): string {
  let name = unpunctuated(word);
  for (const [open, close] of pairs) {
    if (name.startsWith(open) && name.endsWith(close)) name = name.slice(1, -1);
    if (name.startsWith(open) && !name.includes(close)) name = name.slice(1);
    if (name.endsWith(close) && !name.includes(open)) name = name.slice(0, -1);
  }
  return unpunctuated(name);
}

function unpunctuated(word: string): string {
  let [from, to] = [0, word.length];
  while (word[from] === "*") from += 1;
  while (to > from && "*!?.:".includes(word.charAt(to - 1))) to -= 1;
  return word.slice(from, to);
}

function namesFile(word: string, set: boolean): boolean {
  if (word.startsWith("-") || word.startsWith("+")) return false;
  if (/^[a-z][a-z0-9+.-]{0,20}:\/\//i.test(word) && !word.startsWith("file://")) return false;
  const path = withoutPlace(word.replaceAll("\\", "/"));
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (plainNames.test(name) || /^\.[a-z][\w.-]+$/.test(name)) return true;
  if (!path.includes("/")) return /^[\w@+.[\]()-]+$/.test(name) && endings.has(endingOf(name) ?? "");
  return name !== "" && (endingOf(name) !== undefined || (set && /[\w)\]]$/.test(name)));
}

/** What stands behind the last dot, when it is an ending. */
const endingOf = (name: string): string | undefined =>
  /[^.]\.([A-Za-z][A-Za-z0-9]{0,9})$/.exec(name.slice(-20))?.[1]?.toLowerCase();
