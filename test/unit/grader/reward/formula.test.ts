import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseFormula } from "../../../../src/grader/reward/formula.ts";
import { FormulaError } from "../../../../src/grader/reward/formula-error.ts";

const parts = ["tests", "style", "lint"];
const rewards = new Map([
  ["tests", 1],
  ["style", 0.5],
  ["lint", 0.25],
]);
const value = (text: string): number => parseFormula(text, parts).evaluate(rewards);

function faultOf(text: string): FormulaError {
  try {
    parseFormula(text, parts);
  } catch (thrown) {
    if (thrown instanceof FormulaError) return thrown;
  }
  throw new Error(`${text} was read without a fault`);
}

/** A formula as a tree, with the number that it must give. */
interface Written {
  readonly text: string;
  readonly value: number;
}

const operators: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "^": (a, b) => a ** b,
};

const written = fc.letrec<{ any: Written; leaf: Written; binary: Written; minus: Written; call: Written }>((tie) => ({
  any: fc.oneof({ maxDepth: 6 }, tie("leaf"), tie("binary"), tie("minus"), tie("call")),
  leaf: fc.oneof(
    fc.constantFrom(...rewards).map(([text, given]) => ({ text, value: given })),
    fc.double({ min: 0, max: 1e6, noNaN: true }).map((number) => ({ text: String(number), value: number })),
  ),
  binary: fc
    .tuple(tie("any"), fc.constantFrom(...Object.keys(operators)), tie("any"), fc.constantFrom("", " ", "\n"))
    .map(([a, operator, b, space]) => ({
      text: `(${a.text})${space}${operator}${space}(${b.text})`,
      value: operators[operator]?.(a.value, b.value) ?? Number.NaN,
    })),
  minus: tie("any").map((a) => ({ text: `-(${a.text})`, value: -a.value })),
  call: fc
    .tuple(fc.constantFrom("min", "max"), fc.array(tie("any"), { minLength: 1, maxLength: 3 }))
    .map(([name, values]) => ({
      text: `${name}(${values.map(({ text }) => text).join(",")})`,
      value: Math[name](...values.map((one) => one.value)),
    })),
})).any;

describe("a formula", () => {
  test("gives what arithmetic gives", () => {
    fc.assert(
      fc.property(
        written.filter(({ text }) => text.length <= 2000),
        ({ text, value: expected }) => {
          expect(value(text)).toBe(expected);
        },
      ),
    );
  });

  test("binds ^ before a sign, a sign before * and /, those before + and -", () => {
    expect(value("-2^2")).toBe(-4);
    expect(value("2^-1")).toBe(0.5);
    expect(value("2^3^2")).toBe(512);
    expect(value("7-2-1")).toBe(4);
    expect(value("8/4/2")).toBe(1);
    expect(value("1+2*3")).toBe(7);
    expect(value("2*-3")).toBe(-6);
    expect(value("tests*(0.7+0.3*style)")).toBe(0.85);
  });

  test("knows the functions", () => {
    expect(value("min(tests, style, lint)")).toBe(0.25);
    expect(value("max(lint, style)")).toBe(0.5);
    expect(value("abs(lint - tests)")).toBe(0.75);
    expect(value("floor(1.5) + ceil(1.5)")).toBe(3);
    expect(value("exp(0) + log(1) + sqrt(4)")).toBe(3);
  });

  test("tells which parts it names, each once", () => {
    expect(parseFormula("style + tests * style", parts).parts).toEqual(["style", "tests"]);
  });

  test.each([
    ["", 0, "expected, not the end"],
    ["tests +", 7, "expected, not the end"],
    ["tests style", 6, "an operator or the end"],
    ["tests * docs", 8, "no part docs; there are tests, style, lint"],
    ["pow(tests, 2)", 0, "no function pow; there are min"],
    ["(tests", 6, "')' was expected"],
    ["tests)", 5, "not ')'"],
    ["tests ** 2", 7, "not '*'"],
    ["sqrt(tests, style)", 0, "takes 1 value, not 2"],
    ["min()", 4, "not ')'"],
    ["1e999", 0, "too large"],
    ["tests; process.exit()", 5, '";" means nothing'],
    ["tests[0]", 5, '"[" means nothing'],
    ["1 .constructor", 2, '"." means nothing'],
    ["toString", 0, "no part toString"],
  ])("%s is refused at its fault", (text, position, reason) => {
    const fault = faultOf(text);
    expect(fault.position).toBe(position);
    expect(fault.message).toContain(reason);
  });

  test("is refused when it is long or deep", () => {
    expect(faultOf("1+".repeat(1001)).message).toContain("longer than 2000");
    expect(faultOf(`${"(".repeat(60)}1${")".repeat(60)}`).message).toContain("more than 50 deep");
    expect(faultOf(`${"-".repeat(60)}1`).message).toContain("more than 50 deep");
    expect(faultOf(`1${"^1".repeat(60)}`).message).toContain("more than 50 deep");
    expect(value(`1${"+1".repeat(999)}`)).toBe(1000);
  });

  test("of any text is a number or a fault inside the text", () => {
    const anything = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc
        .array(fc.constantFrom(...parts, ..."+-*/^(),. ".split(""), "min", "sqrt", "0.5", "1e3"), { maxLength: 30 })
        .map((words) => words.join("")),
    );
    fc.assert(
      fc.property(anything, (text) => {
        try {
          expect(typeof value(text)).toBe("number");
        } catch (thrown) {
          if (!(thrown instanceof FormulaError)) throw thrown;
          expect(thrown.position).toBeGreaterThanOrEqual(0);
          expect(thrown.position).toBeLessThanOrEqual(text.length);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
