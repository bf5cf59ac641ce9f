import assert from "node:assert/strict";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import {
  assertAssertions,
  assertionsIn,
  hasMatcherAsValue,
  matcherAssertions,
} from "../../../src/grader/tests/assertion-canaries.ts";

const known = [
  ...[...matcherAssertions("expect")].map(([name, assertions]) => ({ name, assertions })),
  ...[...assertAssertions("assert")].map(([name, assertions]) => ({ name: `assert.${name}`, assertions })),
];

test.each(known)("a canary that must fail by $name fails", ({ assertions }) => {
  for (const assertion of assertions)
    expect(() => void runInNewContext(assertion("(40 + 2)", 41), { expect, assert, String })).toThrow(
      /expected|falsy|deep|input/i,
    );
});

describe("a test file gets canaries of the assertions that it calls", () => {
  const names = (text: string) => assertionsIn([text], matcherAssertions("e")).map((one) => one("v", 1));
  test("and of no others", () => {
    expect(names("expect(a).toHaveLength(3)")).toEqual(["e({ length: v }).toHaveLength(1)"]);
    expect(names("toEqualTo; expect(a).custom()")).toEqual([]);
  });
  test("with text, a list and an object where equality is asked", () => {
    expect(names("expect(a).toEqual(b)")).toEqual([
      "e(String(v)).toEqual(String(1))",
      "e([v, 2]).toEqual([1, 2])",
      "e({ sum: v }).toEqual({ sum: 1 })",
    ]);
  });
});

describe("a file expects something of a matcher", () => {
  test.each(["expect(expect.any(Number)).toEqual(x)", "expect({ id: expect.any(Number) }).toEqual(row)"])(
    "%s",
    (text) => expect(hasMatcherAsValue(text)).toBe(true),
  );
  test.each(["expect(row).toEqual({ id: expect.any(Number) })", "expect(f()).toBe(expect.anything())"])(
    "not %s",
    (text) => expect(hasMatcherAsValue(text)).toBe(false),
  );
});
