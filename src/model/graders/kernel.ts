import { z } from "zod";
import { partName } from "./part-name.ts";

const identifier = z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]{0,63}$/, { error: "must be an identifier of C" });
const relativePath = z.string().min(1).max(1024);

/** A number of elements: fixed, or the name of a size. */
const extent = z.union([z.number().int().min(1).max(1_000_000_000), identifier]);

const array = {
  name: identifier,
  dtype: z.enum(["float32", "float64"]).default("float32"),
  shape: z.array(extent).min(1).max(4),
};

/** In the order of the function's parameters. A size is an `int64_t`, an input a `const` pointer, an output a pointer. */
export const kernelArgument = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("size"), name: identifier }),
  /** Uniform random numbers of `range`, fresh for every call. */
  z.strictObject({
    kind: z.literal("input"),
    ...array,
    range: z
      .tuple([z.number(), z.number()])
      .refine(([low, high]) => low < high, { error: "must be two numbers, the smaller one first" })
      .default([-1, 1]),
  }),
  z.strictObject({ kind: z.literal("output"), ...array }),
]);

export const kernelGraderSpec = z.strictObject({
  type: z.literal("kernel"),
  name: partName.default("kernel"),
  /** `cuda` and `triton` ask for `device: gpu`. */
  language: z.enum(["c", "cuda", "triton"]).default("c"),
  /** `gpu` only where the controller can give grading sandboxes one. */
  device: z.enum(["cpu", "gpu"]).default("cpu"),
  /** The policy's source: the only file of the change set that is used. */
  file: relativePath,
  function: identifier,
  arguments: z.array(kernelArgument).min(1).max(32),
  /** Each is measured on its own; the speed-up is their geometric mean. */
  sizes: z
    .array(z.record(identifier, z.number().int().min(1).max(1_000_000_000)))
    .min(1)
    .max(8),
  /** A folder of hidden files, relative to the environment file. */
  files: relativePath,
  /** In `files`: what the speed is compared with. */
  reference: relativePath,
  /** In `files`: the same function over `double`, which says what is right. Without it the reference does. */
  exact: relativePath.optional(),
  /** Libraries' functions that a kernel may call, besides those of <math.h> and memory. */
  allow_calls: z.array(identifier).max(100).default([]),
  /** For the compiler, for candidate and reference alike. */
  flags: z
    .array(
      z
        .string()
        .regex(/^-[\w=.,+-]+$/)
        .max(100),
    )
    .max(20)
    .default(["-O3", "-march=native"]),
  /** Of one run of a program, each on inputs of its own. */
  calls: z.number().int().min(2).max(1000).default(8),
  /** Runs of candidate and reference in turns; the medians count. Up to four times as many while a gain is unproven. */
  rounds: z.number().int().min(3).max(101).default(8),
  /** How far the middle half of the reference's times may lie apart, as a share of their median, before they say nothing. */
  max_noise: z.number().positive().max(1000).default(0.4),
  /** Allowed difference: `atol + rtol · |expected|`. By type where they are left out: 1e-4 and 1e-5 (float32), 1e-9 and 1e-11 (float64). */
  rtol: z.number().positive().max(1).optional(),
  atol: z.number().min(0).optional(),
  /** The speed-up that earns 1. */
  target_speedup: z.number().gt(1).max(1000).default(4),
  /** What a correct kernel earns that is no faster. */
  correct_reward: z.number().min(0).max(1).default(0),
});

export type KernelArgument = z.infer<typeof kernelArgument>;
export type KernelGraderSpec = z.infer<typeof kernelGraderSpec>;
