import { wordsOf } from "./words-of.ts";

const denials = new Set(["not", "no", "never", "neither", "nor", "without", "cannot", "instead", "false"]);
/** How many words before a phrase, in its own clause, may deny it. */
const reach = 4;

/** A text as words, with the places at which clauses begin. */
export interface ReadText {
  readonly words: readonly string[];
  readonly starts: ReadonlySet<number>;
}

export function readClauses(text: string): ReadText {
  const words: string[] = [];
  const starts = new Set<number>();
  for (const clause of text.split(/[.,;:!?](?=\s|$)|\n/)) {
    starts.add(words.length);
    for (const word of wordsOf(clause)) words.push(word);
  }
  return { words, starts };
}

/** Whether a text has the words of a phrase one after the other: `said`, only `denied` where a word before them may turn them around. */
export function findPhrase({ words, starts }: ReadText, phrase: string): "said" | "denied" | undefined {
  const wanted = wordsOf(phrase);
  if (wanted.length === 0) return undefined;
  let found: "denied" | undefined;
  for (let at = words.indexOf(wanted[0] ?? ""); at >= 0; at = words.indexOf(wanted[0] ?? "", at + 1)) {
    if (!wanted.every((word, index) => words[at + index] === word)) continue;
    let from = at;
    while (from > 0 && at - from < reach && !starts.has(from)) from -= 1;
    if (!words.slice(from, at).some((word) => denials.has(word))) return "said";
    found = "denied";
  }
  return found;
}
