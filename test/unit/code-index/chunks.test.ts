import fc from "fast-check";
import { expect, test } from "vitest";
import { chunksOf, linesOf } from "../../../src/code-index/chunks.ts";

test("every line is in one chunk, and no chunk has more than 60", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("", "def f():", "    x = 1", "}", "class A:"), { maxLength: 300 }),
      (lines) => {
        const chunks = chunksOf(lines);
        let next = 1;
        for (const { start, end } of chunks) {
          expect(start).toBe(next);
          expect(end - start).toBeLessThan(60);
          next = end + 1;
        }
        expect(next).toBe(lines.length + 1);
      },
    ),
  );
});

test("a long file is cut where a definition begins", () => {
  const body = Array.from({ length: 34 }, (_, at) => `    x${at} = 1`);
  const lines = ["def one():", ...body, "", "def two():", ...body, "", "def three():", ...body];
  expect(chunksOf(lines).map(({ start }) => lines[start - 1])).toEqual(["def one():", "def two():", "def three():"]);
});

test("lines are counted as editors do", () => {
  expect([linesOf(""), linesOf("a\r\nb\n"), linesOf("a\n\n")]).toEqual([[], ["a", "b"], ["a", ""]]);
});
