import { describe, expect, test } from "vitest";
import { analyseInThread } from "../../../src/grader/kernel/analyser.ts";
import { analyseC } from "../../../src/grader/kernel/analysis.ts";
import { importFault } from "../../../src/grader/kernel/imports.ts";

const spec = { language: "c" as const, function: "scale", allow_calls: [] as string[] };
const loop = "for (int i = 0; i < n; i++) y[i] = 2 * x[i];";
const inner = `static void inner(const float *x, float *y, long n) { ${loop} }`;
const scale = (body: string, before = "") => `${before}\nvoid scale(const float *x, float *y, long n) { ${body} }\n`;
const flagOf = async (source: string, change: Partial<Parameters<typeof analyseC>[1]> = {}) =>
  (await analyseC(source, { ...spec, ...change }))?.flag;

describe("a source in C", () => {
  test.for([
    ["a loop", scale(loop)],
    [
      "a loop in a function that it calls",
      scale("inner(x, y, n);", `static void inner(const float *x, float *y, long n) { ${loop} }`),
    ],
    [
      "headers of arithmetic, macros and pragmas",
      `#include <math.h>\n#include <immintrin.h>\n#define TWO 2\n#pragma omp simd\n${scale(loop)}`,
    ],
    ["a loop in a function inside it, which it calls", scale(`void inside(void) { ${loop} } inside();`)],
    ["a loop in a function that it calls through a pointer", scale("void (*f)() = inner; f(x, y, n);", inner)],
    [
      "a loop in either branch of what the compiler is asked for",
      scale(`\n#ifdef __AVX2__\n${loop}\n#else\n${loop}\n#endif\n`),
    ],
    ["a loop after a macro that only speeds it up", scale(`FAST ${loop}`, '#define FAST _Pragma("GCC ivdep")')],
    [
      "a loop around macros that stand for statements",
      scale("for (int i = 0; i < n; i++) { AT(0) AT(1) }", "#define AT(k) y[i] = x[i + k];"),
    ],
    ["a loop behind what is no error of its own", scale(`if (0) { y[0] = 1; } else { ${loop} }`)],
    ["eighty thousand macros before it", `${"#define A 1\n".repeat(80_000)}${scale(loop)}`],
    ["ten thousand functions beside it", "static void f(void) {}\n".repeat(10_000) + scale(loop)],
    ["a loop behind a test that may be true", scale(`if (0 || n) { if (1 && n) { ${loop} } }`)],
    ["a loop that a label brings back", scale(`goto there; y[0] = 1; there: ${loop}`)],
    [
      "blanks behind a macro that stands for nothing, which the parser takes for more of it",
      `#define NOTHING   \n#define LESS(x)  \n${scale(loop)}`,
    ],
    [
      "attributes that only speed it up",
      scale(loop, "__attribute__((always_inline)) static inline float twice(float x) { return 2 * x; }"),
    ],
    [
      "forbidden words in comments and texts",
      scale(`/* asm */ // system("rm")\n const char *s = "constructor"; ${loop}`),
    ],
  ] as const)("may have %s", async ([, source]) => expect(await analyseC(source, spec)).toBeUndefined());

  test.for([
    ["no such function", "void other(void) { for (;;); }"],
    ["only its declaration", "void scale(const float *, float *, long);"],
    ["a function of that name in a comment", `/* ${scale(loop)} */`],
    ["a function of that name in a text", `const char *s = ${JSON.stringify(scale(loop))};`],
    ["no loop", scale("y[0] = x[0];")],
    ["no loop but in a function that nobody calls", scale("y[0] = 1;", "void idle(void) { for (;;); }")],
    ["a pointer of that name", "void (*scale)(void) = 0;"],
    ["a loop in a function that is named and never called", scale("(void)inner; inner; y[0] = 1;", inner)],
    ["a loop in a function that is declared again and never called", scale("void inner(); y[0] = 1;", inner)],
    ["a loop in a function that is only measured", scale("y[0] = sizeof(inner(x, y, n), 1);", inner)],
    ["a loop in a function inside it that nobody calls", scale(`void inside(void) { ${loop} } y[0] = 1;`)],
    ["a loop that a constant keeps from running", scale(`if (0) { ${loop} }`)],
    ["a loop behind a test that is never true", scale(`if (!1 || (0 && n)) { ${loop} }`)],
    ["a loop behind a macro that is 0", scale(`if (NEVER) { ${loop} }`, "#define NEVER 0")],
    ["a call behind a test that is never true", scale("0 && (inner(x, y, n), 1);", inner)],
    ["a loop that never begins", scale("for (int i = 0; 0; i++) y[i] = 1; while (0) y[0] = 1;")],
    ["a loop that runs once", scale("do { y[0] = 1; } while (0);")],
    ["a loop behind its end", scale(`return; ${loop}`)],
    ["a loop that is not compiled", scale(`\n#if 0\n${loop}\n#endif\n`)],
    ["a loop in the branch that is not compiled", scale(`\n#if 1\ny[0] = 1;\n#else\n${loop}\n#endif\n`)],
    ["a function that is not compiled either", `#if 0\n#elif 0\n${scale(loop)}\n#endif\n`],
    ["a function that is not compiled", `#if 0\n${scale(loop)}\n#endif\n`],
    ["a loop in a macro", scale("LOOP;", `#define LOOP ${loop}`)],
  ] as const)("with %s has no kernel", async ([, source]) => expect(await flagOf(source)).toBe("kernel_missing"));

  test.for([
    ["assembly", scale(`__asm__("nop"); ${loop}`)],
    ["code that runs when it is loaded", scale(loop, "__attribute__((constructor)) void early(void) {}")],
    ["a library that is the kernel", scale(`cblas_sscal(n, 2, y, 1); ${loop}`)],
    ["a header of the system", `#include <unistd.h>\n${scale(loop)}`],
    ["a file of the workspace", `#include "reference.c"\n${scale(loop)}`],
    ["an include whose name a macro makes", `#define NAME <unistd.h>\n#include NAME\n${scale(loop)}`],
    ["names pasted together", `#define JOIN(a, b) a##b\n${scale(loop)}`],
    ["a forbidden word inside a macro", `#define RUN system\n${scale(loop)}`],
    ["a forbidden word that a backslash divides", scale(`sys\\\ntem("true"); ${loop}`)],
    ["a macro that takes a loop away", scale(loop, "#define for(...)")],
    ["a macro that takes a call away", scale("inner(x, y, n);", `${inner}\n#define inner(...)`)],
    ["a macro that opens a block alone", scale(`BEGIN; ${loop} }`, "#define BEGIN if (0) {")],
    ["a forbidden call inside a macro with parameters", scale(`RUN("true"); ${loop}`, "#define RUN(x) system(x)")],
    ["a directive in other letters", `%:include <unistd.h>\n${scale(loop)}`],
  ] as const)("with %s is refused", async ([, source]) => expect(await flagOf(source)).toBe("forbidden_code"));

  test.for([
    ["a loop behind a macro that may end it", scale(`NEVER ${loop}`, "#define NEVER if (0)")],
    ["a loop behind a macro with parameters that may end it", scale(`NEVER(n) ${loop}`, "#define NEVER(n) if (0)")],
    ["a loop in a macro's arguments", scale(`NOTHING(${loop})`, "#define NOTHING(...)")],
    ["a function that never ends", `void scale(float *y) { if (y) { y[0] = 1;`],
    ["nothing but brackets", "(".repeat(100_000)],
    ["deeper nesting than anyone writes", scale(`${"{".repeat(2000)}${loop}${"}".repeat(2000)}`)],
  ] as const)("with %s cannot be read", async ([, source]) => expect(await flagOf(source)).toBe("unreadable_source"));

  test("may call what the task allows", async () => {
    expect(await flagOf(scale(`cblas_sscal(n, 2, y, 1); ${loop}`), { allow_calls: ["cblas_sscal"] })).toBeUndefined();
  });
});

describe("a source in CUDA", () => {
  const cuda = (source: string) => flagOf(source, { language: "cuda" });
  const kernel = "__global__ void twice(const float *x, float *y) { y[threadIdx.x] = 2 * x[threadIdx.x]; }";
  const launch = "void scale(const float *x, float *y, long n) { twice<<<1, n>>>(x, y); }";

  test("has a kernel that is launched", async () =>
    expect(await cuda(`#include <cuda_runtime.h>\n${kernel}\n${launch}`)).toBeUndefined());
  test.for([
    ["no kernel", launch],
    ["a kernel that is never launched", `${kernel}\nvoid scale(const float *x, float *y, long n) { for (;;); }`],
    ["a kernel that stores nothing", `__global__ void twice(const float *x, float *y) {}\n${launch}`],
    [
      "a launch that a constant keeps from running",
      `${kernel}\nvoid scale(float *x, float *y, long n) { if (0) twice<<<1, n>>>(x, y); }`,
    ],
    [
      "a launch in a function that nobody calls",
      `${kernel}\nvoid idle(float *x) { twice<<<1, 1>>>(x, x); }\nvoid scale(float *x) { x[0] = 1; }`,
    ],
    ["a launch that is not compiled", `${kernel}\nvoid scale(float *x) {\n#if 0\ntwice<<<1, 1>>>(x, x);\n#endif\n}`],
    ["a launch in a text", `${kernel}\nvoid scale(float *x) { const char *s = "twice<<<1, 1>>>(x, x)"; twice; }`],
  ] as const)("with %s has none", async ([, source]) => expect(await cuda(source)).toBe("kernel_missing"));
  test("may not call a library of kernels", async () =>
    expect(await cuda(`${kernel}\nvoid scale(float *x) { cublasSgemm(x); twice<<<1, 1>>>(x, x); }`)).toBe(
      "forbidden_code",
    ));
});

describe("a thread of its own", () => {
  test("finds the same", async () => {
    expect(await analyseInThread({ source: scale(loop), spec })).toBeUndefined();
    expect(await analyseInThread({ source: scale("y[0] = 1;"), spec })).toMatchObject({ flag: "kernel_missing" });
  });
  test("survives a source that breaks the parser", async () => {
    const source = `int x = ${"(a)(b)*".repeat(100_000)}1;\n${scale(loop)}`;
    expect(await analyseInThread({ source, spec })).toMatchObject({ flag: "unreadable_source" });
  });
  test("gives up when the grading does", async () => {
    const signal = AbortSignal.abort(new Error("the grading is over"));
    await expect(analyseInThread({ source: scale(loop), spec }, signal)).rejects.toThrow("the grading is over");
  });
  test("that fails leaves the kernel unscored", async () => {
    const source = undefined as never;
    await expect(analyseInThread({ source, spec })).rejects.toMatchObject({ code: "grader_failed" });
  });
});

describe("what a compiled kernel calls of others", () => {
  const line = (name: string) => `                 U ${name}@GLIBC_2.2.5\n`;
  test("may be arithmetic and memory", () =>
    expect(
      importFault(["expf", "memcpy", "malloc", "_ZGVdN8v_expf", "__stack_chk_fail"].map(line).join(""), []),
    ).toBeUndefined());
  test.for(["system", "fork", "open", "dlopen", "syscall", "clock_gettime", "cblas_sgemm", "exit"])(
    "may not be %s",
    (name) => expect(importFault(line("expf") + line(name), [])).toMatchObject({ flag: "forbidden_code" }),
  );
  test("may be what the task allows", () => expect(importFault(line("cblas_sgemm"), ["cblas_sgemm"])).toBeUndefined());
});
