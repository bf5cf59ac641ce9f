import fc from "fast-check";
import { expect, test } from "vitest";
import { linesBeginning, linesHolding } from "../../../src/code-index/sorted-lines.ts";

const names = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "ü"), minLength: 1, maxLength: 4 }), {
  maxLength: 30,
});
const fileOf = (words: readonly string[]): string[] =>
  words.map((word, at) => `${word}\tab${at}`).toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
const bytesOf = (lines: readonly string[]) => Buffer.from(lines.map((line) => `${line}\n`).join(""));

test("halving finds what a search of all lines finds", () => {
  fc.assert(
    fc.property(
      names,
      fc.string({ unit: fc.constantFrom("a", "b", "ü"), minLength: 1, maxLength: 3 }),
      (words, wanted) => {
        const lines = fileOf(words);
        const begins = `${wanted}\t`;
        expect([...linesBeginning(bytesOf(lines), begins)]).toEqual(lines.filter((line) => line.startsWith(begins)));
        expect([...linesHolding(bytesOf(lines), wanted)]).toEqual(
          lines.filter((line) => line.split("\t")[0]?.includes(wanted)),
        );
      },
    ),
  );
});
