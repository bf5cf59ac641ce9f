import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { boundOutput, defaultOutputBytes } from "../../../src/tool/bounded-output.ts";

const jsonBytes = (text: string): number => Buffer.byteLength(JSON.stringify(text));

describe("an output", () => {
  test("that fits is given as it is", () => {
    const text = "ü".repeat(defaultOutputBytes / 2);
    expect(boundOutput(text)).toEqual({ output: text, truncated: false });
  });

  test("that is too long keeps its beginning and its end and says what it was", () => {
    const { output, truncated } = boundOutput(`begin${"x".repeat(defaultOutputBytes)}end`);
    expect(truncated).toBe(true);
    expect(Buffer.byteLength(output)).toBeLessThanOrEqual(defaultOutputBytes);
    expect(output).toMatch(
      /^beginx+\n\[… cut here: the answer has 262152 bytes, too many to give; ask for less at a time …\]\nx+end$/,
    );
  });

  test("is cut at characters", () => {
    for (const padding of ["", "a", "ab", "abc"]) {
      expect(boundOutput(padding + "😀".repeat(1000), 1001).output).not.toContain("\uFFFD");
    }
  });

  test("is below a million bytes as JSON, even if all of it must be escaped", () => {
    for (const text of [
      "\u0001".repeat(2_000_000),
      '"'.repeat(2_000_000),
      "a".repeat(200_000) + "\u0001".repeat(2_000_000),
    ]) {
      expect(jsonBytes(boundOutput(text, 999_999).output)).toBeLessThan(1_000_000);
      expect(jsonBytes(boundOutput(text).output)).toBeLessThan(1_000_000);
    }
  });

  test("has no lone surrogates", () => {
    expect(boundOutput("a\uD800b")).toEqual({ output: "a\uFFFDb", truncated: false });
  });

  test("is within its bound and well-formed whatever it holds", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 400 }),
        fc.integer({ min: 150, max: 500 }),
        (text, maxBytes) => {
          const { output } = boundOutput(text, maxBytes);
          expect(Buffer.byteLength(output)).toBeLessThanOrEqual(maxBytes);
          expect(output.isWellFormed()).toBe(true);
        },
      ),
    );
  });
});
