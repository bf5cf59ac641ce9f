import { describe, expect, test } from "vitest";
import { kernelGraderSpec } from "../../../src/model/graders/kernel.ts";
import { compareOutputs } from "../../../src/grader/kernel/compare.ts";
import { sizesFault } from "../../../src/grader/kernel/signature.ts";

const declare = (change: object = {}) =>
  kernelGraderSpec.parse({
    type: "kernel",
    file: "scale.c",
    function: "scale",
    arguments: [
      { kind: "input", name: "x", shape: ["n"] },
      { kind: "output", name: "y", shape: ["n"] },
      { kind: "size", name: "n" },
    ],
    sizes: [{ n: 3 }],
    files: "hidden",
    reference: "reference.c",
    calls: 2,
    ...change,
  });

const floats = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer);
const doubles = (...values: number[]) => Buffer.from(Float64Array.from(values).buffer);
const right = [1, 2, 3, 4, 5, 6];
const compare = (candidate: Buffer, change: object = {}) =>
  compareOutputs({ candidate, expected: floats(...right), exact: false }, declare(change), { n: 3 });

describe("outputs are correct", () => {
  test("when every number of every call is near", () => {
    expect(compare(floats(...right))).toMatchObject({ correct: true, flags: [] });
    expect(compare(floats(1.00001, 2, 3, 4, 5, 6))).toMatchObject({ correct: true });
  });
  test("within the tolerance that the task says", () => {
    expect(compare(floats(1.01, 2, 3, 4, 5, 6)).correct).toBe(false);
    expect(compare(floats(1.01, 2, 3, 4, 5, 6), { rtol: 0.02 }).correct).toBe(true);
  });
});

describe("outputs are told apart by what they look like:", () => {
  test.for([
    ["zero_output", floats(0, 0, 0, 0, 0, 0)],
    ["constant_output", floats(1, 2, 3, 1, 2, 3)],
    ["unwritten_output", floats(NaN, NaN, NaN, NaN, NaN, NaN)],
    ["unwritten_output", floats(1, 2, 3)],
    ["stale_output", floats(9, 9, 9, 1, 2, 3)],
    ["lower_precision", floats(1.004, 2.01, 3.01, 4.01, 5.02, 6.01)],
  ] as const)("%s", ([flag, bytes]) => expect(compare(bytes)).toMatchObject({ correct: false, flags: [flag] }));

  test("numbers that are merely wrong have no name", () =>
    expect(compare(floats(7, -2, 9, 1, 50, 3))).toMatchObject({ correct: false, flags: [] }));
  test("one number that is not finite is wrong", () =>
    expect(compare(floats(1, 2, 3, 4, Infinity, 6)).correct).toBe(false));
});

test("a kernel far less exact than the reference is wrong within a tolerance that is wide", () => {
  const expected = doubles(...right);
  const spec = declare({ rtol: 0.1 });
  const of = (candidate: Buffer) =>
    compareOutputs({ candidate, expected, exact: true, referenceError: 1e-7 }, spec, { n: 3 });
  expect(of(floats(...right)).correct).toBe(true);
  expect(of(floats(1.01, 2.01, 3.01, 4.01, 5.01, 6.01))).toMatchObject({ correct: false, flags: ["lower_precision"] });
});

test("a reference that is cut or not finite is the task's fault", () => {
  const spec = declare();
  const compareTo = (expected: Buffer) => () =>
    compareOutputs({ candidate: floats(...right), expected, exact: false }, spec, { n: 3 });
  expect(compareTo(floats(1, 2))).toThrow(RangeError);
  expect(compareTo(floats(1, 2, 3, 4, 5, NaN))).toThrow(RangeError);
});

describe("a declaration is refused", () => {
  test.for([
    ["no argument is an output", { arguments: [{ kind: "input", name: "x", shape: [4] }] }],
    ["every output would be a constant", { arguments: [{ kind: "output", name: "y", shape: [4] }] }],
    [
      "which is no size",
      {
        arguments: [
          { kind: "input", name: "x", shape: ["m"] },
          { kind: "output", name: "y", shape: [4] },
        ],
      },
    ],
    ["does not say n", { sizes: [{ m: 3 }] }],
    ["say fewer calls or smaller sizes", { sizes: [{ n: 10_000_000 }] }],
    ["more than 67108864 numbers of input", { sizes: [{ n: 100_000_000 }] }],
    [
      "two arguments have the same name",
      {
        arguments: [
          { kind: "input", name: "x", shape: [4] },
          { kind: "output", name: "x", shape: [4] },
        ],
      },
    ],
  ] as const)("where %s", ([says, change]) => expect(sizesFault(declare(change))).toContain(says));
  test("and not otherwise", () => expect(sizesFault(declare())).toBeUndefined());
});
