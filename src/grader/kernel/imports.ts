import type { SourceFault } from "./analysis.ts";

const mathematics =
  /^(?:f?abs|ceil|floor|round|trunc|rint|nearbyint|sqrt|cbrt|r?sqrt|exp|exp2|exp10|expm1|log|log2|log10|log1p|pow|hypot|sin|cos|tan|asin|acos|atan|atan2|sinh|cosh|tanh|asinh|acosh|atanh|sincos|erf|erfc|tgamma|lgamma|fma|fmod|remainder|fmin|fmax|fdim|ldexp|frexp|modf|scalbn|copysign|l?lrint|l?lround)[fl]?$/;
const memory = /^(?:mem(?:cpy|move|set|cmp)|malloc|calloc|realloc|free|aligned_alloc|posix_memalign|abort)$/;
const compiler =
  /^(?:__(?:stack_chk_fail|cxa_finalize|gmon_start__|tls_get_addr|[a-z]+_chk|[a-z]+_finite)|_ITM_\w+|_ZGV\w+|GOMP_\w+|omp_get_\w+|__gmon_start__)$/;

/** What a compiled kernel would call of other libraries, of `nm --dynamic --undefined-only`: what macros hid is plain here. */
export function importFault(symbols: string, allowed: readonly string[]): SourceFault | undefined {
  for (const line of symbols.split("\n")) {
    const name = /\s[UwvV]\s+([^@\s]+)/.exec(line)?.[1];
    if (name === undefined || mathematics.test(name) || memory.test(name) || compiler.test(name)) continue;
    if (!allowed.includes(name)) return { flag: "forbidden_code", says: `It calls ${name.slice(0, 100)}.` };
  }
  return undefined;
}
