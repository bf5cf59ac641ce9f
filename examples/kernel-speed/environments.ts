import type { z } from "zod";
import type { kernelArgument } from "../../src/model/graders/kernel.ts";
import type { EnvironmentOf } from "../runner/policy.ts";

type Argument = z.input<typeof kernelArgument>;

interface Kernel {
  /** In the order of the function's parameters. */
  readonly arguments: readonly Argument[];
  readonly sizes: Readonly<Record<string, number>>;
}

/** No number is near 0, so that a sum's rounding is small beside the sum in whatever order it is made. */
const input = (name: string, ...shape: string[]): Argument => ({ kind: "input", name, shape, range: [0, 1] });
const output = (name: string, ...shape: string[]): Argument => ({ kind: "output", name, shape });
const size = (name: string): Argument => ({ kind: "size", name });

/** About 20 million steps of the innermost loop each: long beside the program around them, short enough for many rounds. */
const kernels: Readonly<Record<string, Kernel>> = {
  matmul: {
    arguments: [input("a", "n", "n"), input("b", "n", "n"), output("c", "n", "n"), size("n")],
    sizes: { n: 256 },
  },
  matmul_transposed: {
    arguments: [input("a", "n", "n"), input("b", "n", "n"), output("c", "n", "n"), size("n")],
    sizes: { n: 256 },
  },
  gram: { arguments: [input("a", "n", "n"), output("c", "n", "n"), size("n")], sizes: { n: 256 } },
  distances: {
    arguments: [input("points", "n", "m"), output("squares", "n", "n"), size("n"), size("m")],
    sizes: { n: 384, m: 128 },
  },
  fir: {
    arguments: [input("signal", "n"), input("taps", "m"), output("filtered", "n"), size("n"), size("m")],
    sizes: { n: 65_536, m: 256 },
  },
  convolution: {
    arguments: [input("image", "n", "n"), input("mask", "m", "m"), output("result", "n", "n"), size("n"), size("m")],
    sizes: { n: 256, m: 15 },
  },
  polynomial: {
    arguments: [input("coefficients", "m"), input("places", "n"), output("values", "n"), size("n"), size("m")],
    sizes: { n: 65_536, m: 24 },
  },
  moving_sum: {
    arguments: [input("samples", "n"), output("sums", "n"), size("n"), size("m")],
    sizes: { n: 65_536, m: 256 },
  },
  chain: {
    arguments: [input("a", "n", "n"), input("b", "n", "n"), input("x", "n"), output("y", "n"), size("n")],
    sizes: { n: 256 },
  },
  min_plus: {
    arguments: [input("a", "n", "n"), input("b", "n", "n"), output("c", "n", "n"), size("n")],
    sizes: { n: 256 },
  },
};

/** What a kernel earns that is right and no faster. */
export const correctReward = 0.2;

/** One environment a kernel: the same workspace, another function that counts. */
export const environmentOf: EnvironmentOf = (row) => {
  const kernel = kernels[row.id];
  if (kernel === undefined)
    throw new Error(`There is no kernel ${row.id}; there are ${Object.keys(kernels).join(", ")}.`);
  return {
    name: row.environment,
    resources: { cpus: 1, memory_mb: 512 },
    budget: { tool_calls: 40, wall_seconds: 1800, grading_seconds: 120 },
    graders: [
      {
        type: "kernel",
        file: `${row.id}.c`,
        function: row.id,
        arguments: [...kernel.arguments],
        sizes: [{ ...kernel.sizes }],
        // The reference is what the policy starts from, so it is no secret; its folder holds no right answers.
        files: "workspace",
        reference: `${row.id}.c`,
        calls: 4,
        rounds: 5,
        // A busy machine is noisy. The runs take turns, and their medians count.
        max_noise: 2,
        target_speedup: 8,
        correct_reward: correctReward,
      },
    ],
  };
};
