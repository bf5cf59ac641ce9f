import type { KernelArgument, KernelGraderSpec } from "../../model/graders/kernel.ts";

const cType = { float32: "float", float64: "double" } as const;

/** `float` and `double` are what a caller stores; under `exact` every array is of doubles, of the same values. */
const stored = (argument: Exclude<KernelArgument, { kind: "size" }>, exact: boolean): string =>
  exact ? "double" : cType[argument.dtype];

/**
 * A program that loads a library and calls its function `calls` times, each time on inputs that are new, and writes all
 * outputs. `program LIBRARY FUNCTION SEED CALLS FILE SIZE…`, the sizes in the order of the arguments' names. The inputs of
 * a seed are the same for every program of one declaration. Nothing in it is a secret: what counts is that every output of
 * every call is right, and how long the process took by a clock outside it.
 */
export function harnessSource(spec: Pick<KernelGraderSpec, "arguments" | "sizes">, exact: boolean): string {
  const names = sizeNames(spec);
  const elements = (shape: readonly (string | number)[]) =>
    shape.map((extent) => (typeof extent === "number" ? `(int64_t)${extent}` : `size_${extent}`)).join(" * ");
  const parameters = spec.arguments.map((one) =>
    one.kind === "size" ? "int64_t" : `${one.kind === "input" ? "const " : ""}${stored(one, exact)} *`,
  );
  const arrays = spec.arguments.filter((one) => one.kind !== "size");
  const passed = spec.arguments.map((one) => (one.kind === "size" ? `size_${one.name}` : `array_${one.name}`));
  const fills = arrays.map((one) => {
    const at = `array_${one.name}[i]`;
    const count = `count_${one.name}`;
    if (one.kind === "output") return `memset(array_${one.name}, 0xff, (size_t)${count} * sizeof *array_${one.name});`;
    const [low, high] = one.range;
    return `for (int64_t i = 0; i < ${count}; i++) ${at} = (${cType[one.dtype]})(${low.toExponential()} + uniform() * ${(high - low).toExponential()});`;
  });
  const writes = arrays
    .filter(({ kind }) => kind === "output")
    .map(
      ({ name }) =>
        `if (fwrite(array_${name}, sizeof *array_${name}, (size_t)count_${name}, out) != (size_t)count_${name}) return 5;`,
    );
  return `#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;
static double uniform(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (double)(state >> 11) * 0x1p-53;
}

static void *room(int64_t bytes) {
  void *memory = NULL;
  return posix_memalign(&memory, 64, (size_t)bytes + 64) == 0 ? memory : NULL;
}

int main(int argc, char **argv) {
  if (argc != ${6 + names.length}) return 2;
  state = strtoull(argv[3], NULL, 16) | 1;
  long calls = atol(argv[4]);
${names.map((name, index) => `  int64_t size_${name} = atoll(argv[${6 + index}]);\n  (void)size_${name};`).join("\n")}
  void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) { fprintf(stderr, "%s\\n", dlerror()); return 3; }
  void (*function)(${parameters.join(", ")});
  *(void **)&function = dlsym(library, argv[2]);
  if (function == NULL) { fprintf(stderr, "%s\\n", dlerror()); return 3; }
${arrays
  .map(
    (one) =>
      `  int64_t count_${one.name} = ${elements(one.shape)};\n  ${stored(one, exact)} *array_${one.name} = room(count_${one.name} * (int64_t)sizeof(${stored(one, exact)}));\n  if (array_${one.name} == NULL) return 4;`,
  )
  .join("\n")}
  FILE *out = fopen(argv[5], "wb");
  if (out == NULL) return 5;
  for (long call = 0; call < calls; call++) {
    ${fills.join("\n    ")}
    function(${passed.join(", ")});
    ${writes.join("\n    ")}
  }
  return fclose(out) == 0 ? 0 : 5;
}
`;
}

/** A library whose function does nothing: what the program around a kernel costs. */
export const idleSource = (spec: Pick<KernelGraderSpec, "function">): string => `void ${spec.function}(void) {}\n`;

export const sizeNames = ({ sizes }: Pick<KernelGraderSpec, "sizes">): string[] =>
  [...new Set(sizes.flatMap((one) => Object.keys(one)))].toSorted();
