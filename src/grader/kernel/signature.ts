import type { KernelArgument, KernelGraderSpec } from "../../model/graders/kernel.ts";

type Sizes = Readonly<Record<string, number>>;
type ArrayArgument = Exclude<KernelArgument, { kind: "size" }>;
export type Dtype = ArrayArgument["dtype"];

/** Of one run of a program, in bytes: expected outputs are doubles. */
export const mostOutputBytes = 24 * 1024 ** 2;
const mostInputElements = 64 * 1024 ** 2;

export const bytesOf: Readonly<Record<Dtype, number>> = { float32: 4, float64: 8 };

export const arraysOf = (spec: Pick<KernelGraderSpec, "arguments">, kind: ArrayArgument["kind"]): ArrayArgument[] =>
  spec.arguments.filter((one): one is ArrayArgument => one.kind === kind);

/** @throws RangeError for a name that is no size */
export function elementsOf({ name, shape }: Pick<ArrayArgument, "name" | "shape">, sizes: Sizes): number {
  return shape.reduce<number>((product, extent) => {
    const length = typeof extent === "number" ? extent : sizes[extent];
    if (length === undefined) throw new RangeError(`the shape of ${name} names ${extent}, which is no size`);
    return product * length;
  }, 1);
}

/** What is wrong with the sizes of a declaration, in a sentence. */
export function sizesFault(spec: KernelGraderSpec): string | undefined {
  const named = spec.arguments.filter(({ kind }) => kind === "size").map(({ name }) => name);
  if (new Set(spec.arguments.map(({ name }) => name)).size < spec.arguments.length)
    return "two arguments have the same name";
  if (arraysOf(spec, "output").length === 0) return "no argument is an output";
  if (arraysOf(spec, "input").length === 0) return "no argument is an input, so every output would be a constant";
  for (const sizes of spec.sizes) {
    const lacking = named.find((name) => sizes[name] === undefined);
    if (lacking !== undefined) return `a member of sizes does not say ${lacking}`;
    try {
      const inputs = arraysOf(spec, "input").reduce((sum, one) => sum + elementsOf(one, sizes), 0);
      const outputs = arraysOf(spec, "output").reduce((sum, one) => sum + elementsOf(one, sizes), 0);
      if (inputs > mostInputElements)
        return `a member of sizes asks for more than ${mostInputElements} numbers of input`;
      if (outputs * 8 * spec.calls > mostOutputBytes)
        return `${spec.calls} calls give more than ${mostOutputBytes / 8} numbers of output; say fewer calls or smaller sizes`;
    } catch (thrown) {
      return thrown instanceof RangeError ? thrown.message : String(thrown);
    }
  }
  return undefined;
}
