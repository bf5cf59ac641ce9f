import type { IdSource } from "../../core/ids.ts";

/** A test of ours whose result is known beforehand. A run that reports another result lies. */
export interface Canary {
  /** The last part of the test's id, unlike any other test's. */
  readonly name: string;
  readonly expected: "passed" | "failed";
  /** Text whose `fold` the test computes. */
  readonly text: string;
  /** What the test compares it with: right when the test must pass. */
  readonly value: number;
}

export interface CanarySource {
  /** A canary that holds or not, under a name that tells neither. */
  make(expected: Canary["expected"], style: (words: readonly string[]) => string): Canary;
}

const verbs = [
  "accepts",
  "builds",
  "checks",
  "drops",
  "finds",
  "keeps",
  "loads",
  "maps",
  "opens",
  "parses",
  "reads",
  "returns",
  "sorts",
  "splits",
];
const nouns = [
  "block",
  "cache",
  "entry",
  "field",
  "group",
  "index",
  "input",
  "label",
  "name",
  "node",
  "option",
  "order",
  "path",
  "range",
  "state",
  "value",
];

/**
 * Canaries that look like any other test and tell what they expect only to one who computes it: each compares the fold
 * of a random text with a number.
 */
export function canarySource(ids: IdSource): CanarySource {
  const pick = (words: readonly string[]): string => words[Number.parseInt(ids.hex(3), 16) % words.length] ?? "";
  return {
    make: (expected, style) => {
      const text = ids.hex(12);
      const truth = fold(text);
      return {
        name: style([pick(verbs), pick(nouns), ids.hex(3)]),
        expected,
        text,
        value: expected === "passed" ? truth : (truth + 1 + (Number.parseInt(ids.hex(2), 16) % 9000)) % foldModulus,
      };
    },
  };
}

const foldModulus = 99991;

/** Small enough to be written in the language of any test. */
export function fold(text: string): number {
  let value = 7;
  for (const character of text) value = (value * 31 + character.charCodeAt(0)) % foldModulus;
  return value;
}
