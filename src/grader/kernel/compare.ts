import type { KernelGraderSpec } from "../../model/graders/kernel.ts";
import { arraysOf, bytesOf, elementsOf, type Dtype } from "./signature.ts";

export interface Comparison {
  readonly correct: boolean;
  /** Why it is not, in a sentence. */
  readonly fault: string | undefined;
  readonly flags: readonly string[];
  /** Root mean square of the differences, over that of the expected values; by output's type. */
  readonly error: number;
}

const tolerance: Readonly<Record<Dtype, { rtol: number; atol: number }>> = {
  float32: { rtol: 1e-4, atol: 1e-5 },
  float64: { rtol: 1e-9, atol: 1e-11 },
};
const precision: Readonly<Record<Dtype, number>> = { float32: 2 ** -24, float64: 2 ** -53 };

/** How much further than the reference a kernel's error may be from the exact values. */
const mostTimesTheReference = 32;

type Sizes = Readonly<Record<string, number>>;
export type CompareSpec = Pick<KernelGraderSpec, "arguments" | "calls" | "rtol" | "atol">;

/** All outputs of one run in the order in which the program writes them. Undefined when the length is another. */
function readOutputs(bytes: Buffer, spec: CompareSpec, sizes: Sizes, exact: boolean): Float64Array[][] | undefined {
  const outputs = arraysOf(spec, "output").map((one) => ({
    width: exact ? 8 : bytesOf[one.dtype],
    count: elementsOf(one, sizes),
  }));
  const call = outputs.reduce((sum, { width, count }) => sum + width * count, 0);
  if (bytes.length !== call * spec.calls) return undefined;
  let at = 0;
  return Array.from({ length: spec.calls }, () =>
    outputs.map(({ width, count }) => {
      const values = new Float64Array(count);
      for (let index = 0; index < count; index += 1, at += width)
        values[index] = width === 8 ? bytes.readDoubleLE(at) : bytes.readFloatLE(at);
      return values;
    }),
  );
}

export interface Outputs {
  readonly candidate: Buffer;
  readonly expected: Buffer;
  /** Whether `expected` is of doubles, whatever the arguments say. */
  readonly exact: boolean;
  /** The reference's own error on the same inputs, where it is known. */
  readonly referenceError?: number;
}

/** Compares every number of every call. @throws RangeError when the expected outputs are not whole or not finite: the task's fault */
export function compareOutputs(outputs: Outputs, spec: CompareSpec, sizes: Sizes): Comparison {
  const expected = readOutputs(outputs.expected, spec, sizes, outputs.exact);
  if (expected === undefined) throw new RangeError("the reference wrote another number of outputs than was declared");
  const got = readOutputs(outputs.candidate, spec, sizes, false);
  if (got === undefined)
    return { correct: false, fault: "Not every output was written.", flags: ["unwritten_output"], error: Infinity };

  const types = arraysOf(spec, "output");
  let [difference, size] = [0, 0];
  let fault: string | undefined;
  for (const [call, arrays] of expected.entries())
    for (const [index, want] of arrays.entries()) {
      const have = got[call]?.[index] ?? new Float64Array();
      const { name, dtype } = types[index] ?? { name: "", dtype: "float32" as const };
      const { rtol = tolerance[dtype].rtol, atol = tolerance[dtype].atol } = defined(spec);
      for (const [at, value] of want.entries()) {
        if (!Number.isFinite(value)) throw new RangeError("an expected output is not finite");
        const off = Math.abs((have[at] ?? NaN) - value);
        difference += off * off;
        size += value * value;
        if (!(off <= atol + rtol * Math.abs(value)))
          fault ??= `${name}[${at}] of call ${call + 1} is ${have[at]}, not ${value}.`;
      }
    }
  const error = size === 0 ? Math.sqrt(difference) : Math.sqrt(difference / size);
  if (fault !== undefined) return { correct: false, fault, flags: looks(got, expected, error < 0.05), error };
  const floor = Math.max(...types.map(({ dtype }) => precision[dtype]));
  const most = mostTimesTheReference * Math.max(outputs.referenceError ?? Infinity, floor);
  if (error > most)
    return {
      correct: false,
      fault: `The outputs are ${error.toExponential(1)} off on the whole, and the reference no more than ${(most / mostTimesTheReference).toExponential(1)}.`,
      flags: ["lower_precision"],
      error,
    };
  return { correct: true, fault: undefined, flags: [], error };
}

const defined = ({ rtol, atol }: CompareSpec) => ({
  ...(rtol !== undefined && { rtol }),
  ...(atol !== undefined && { atol }),
});

/** What wrong outputs look like, for people. */
function looks(got: readonly Float64Array[][], expected: readonly Float64Array[][], stillClose: boolean): string[] {
  const all = got.flat();
  if (all.every((values) => values.every(Number.isNaN))) return ["unwritten_output"];
  if (all.every((values) => values.every((value) => value === 0))) return ["zero_output"];
  const text = (values: readonly Float64Array[] | undefined) =>
    JSON.stringify((values ?? []).map((one) => [...one.subarray(0, 64)]));
  if (got.length > 1 && got.every((values) => text(values) === text(got[0]))) return ["constant_output"];
  const close = (have: Float64Array, want: Float64Array) =>
    have.every((value, at) => Math.abs(value - (want[at] ?? NaN)) <= 1e-3 * (1 + Math.abs(value)));
  const stale = got
    .slice(1)
    .some((values, call) => values.every((have, index) => close(have, expected[call]?.[index] ?? new Float64Array())));
  if (stale) return ["stale_output"];
  return stillClose ? ["lower_precision"] : [];
}
