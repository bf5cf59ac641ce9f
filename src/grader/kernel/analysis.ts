import type { KernelGraderSpec } from "../../model/graders/kernel.ts";
import { readC, type Token } from "./c-source.ts";
import { functionsOf, reachedFrom, type CFunction } from "./functions.ts";
import { constantOf } from "./live-code.ts";
import { constantsOf, hiddenByMacro, macroOf, withoutAdvice } from "./macros.ts";
import { syntaxTreeOf, type SyntaxNode, type TreeLanguage } from "./syntax-tree.ts";

/** What is wrong with a source before anything runs it. */
export interface SourceFault {
  readonly flag: "kernel_missing" | "forbidden_code" | "unreadable_source";
  /** One sentence. */
  readonly says: string;
}

const headers =
  /^(?:math|tgmath|complex|stdint|inttypes|stddef|stdbool|string|stdlib|float|limits|omp|[a-z0-9]*intrin|arm_neon|arm_sve|stdalign)\.h$/;
const cudaHeaders = /^(?:cuda_runtime|cuda_fp16|cuda_bf16|mma|cooperative_groups|cstdint|cmath|cfloat)(?:\.h)?$/;

/** Words that are no part of arithmetic: other languages' code, code that runs unasked, and names made up by the preprocessor. */
const forbiddenWords =
  /^(?:asm|__asm|__asm__|constructor|destructor|ifunc|section|alias|weak|weakref|__constructor__|__destructor__|__ifunc__|__section__|__alias__|__weak__|__weakref__|goto_entry|cleanup|__cleanup__)$/;

/** Libraries that already are the kernel. */
const readyMade =
  /^(?:cblas_|cublas|cudnn|cufft|cusparse|cusolver|thrust|cutlass|dlopen|dlsym|system|popen|fork|vfork|exec[lv]p?e?|syscall)/;

/**
 * Judges C and CUDA as data before a compiler sees them. By words, as the preprocessor does, that nothing reaches beyond
 * arithmetic and memory; by the syntax tree that the function is there and computes something itself, in code that can run,
 * and that it launches a CUDA kernel. What the linker finds is judged again.
 * @throws where the parser cannot be loaded
 */
export async function analyseC(
  source: string,
  spec: Pick<KernelGraderSpec, "function" | "allow_calls"> & { readonly language: TreeLanguage },
): Promise<SourceFault | undefined> {
  const { directives, tokens, parsable } = readC(source);
  const macros = directives.flatMap((line) => macroOf(line) ?? []);
  const all = [...tokens, ...macros.flatMap(({ tokens: more }) => more)];
  const forbidden =
    directives.map((line) => directiveFault(line, spec.language)).find((says) => says !== undefined) ??
    wordFault(all, spec);
  if (forbidden !== undefined) return { flag: "forbidden_code", says: forbidden };

  const root = await syntaxTreeOf(withoutAdvice(parsable, macros), spec.language);
  if (root === undefined)
    return { flag: "unreadable_source", says: "Its syntax tree is too large or too deep to read." };
  const functions = functionsOf(root, constantsOf(macros));
  const hidden = hiddenByMacro(macros, functions);
  if (hidden !== undefined) return { flag: "forbidden_code", says: hidden };
  const entry = functions.find(({ name }) => name === spec.function);
  if (entry === undefined) return missing(`The file defines no function ${spec.function}.`, root.broken);
  const reached = reachedFrom([entry], functions);
  const fault = spec.language === "cuda" ? launchFault(entry, reached, functions) : loopFault(entry, reached);
  return fault === undefined
    ? undefined
    : missing(
        fault,
        [...reached].some(({ broken }) => broken),
      );
}

/** What is not there, or what cannot be seen to be there. */
const missing = (says: string, unreadable: boolean): SourceFault =>
  unreadable
    ? { flag: "unreadable_source", says: `${says} Parts of it cannot be parsed.` }
    : { flag: "kernel_missing", says };

function directiveFault(line: string, language: TreeLanguage): string | undefined {
  const include = /^#\s*include(?:_next)?\b\s*(.*)$/.exec(line);
  if (include) {
    const name = /^<([^>]+)>/.exec(include[1] ?? "")?.[1];
    if (name !== undefined && (headers.test(name) || (language === "cuda" && cudaHeaders.test(name)))) return undefined;
    return `It includes ${(include[1] ?? "").slice(0, 100)}.`;
  }
  if (/^#\s*(?:define|undef|if|ifdef|ifndef|elif|else|endif)\b/.test(line))
    return line.includes("##") || line.includes("%:%:") ? "It pastes names together." : undefined;
  if (
    /^#\s*pragma\s+(?:omp|unroll|GCC\s+(?:ivdep|unroll|optimize|target|push_options|pop_options)|STDC|once)\b/.test(
      line,
    )
  )
    return undefined;
  return /^#\s*$/.test(line) ? undefined : `It tells the preprocessor ${line.slice(0, 100)}.`;
}

function wordFault(
  tokens: readonly Token[],
  { allow_calls }: Pick<KernelGraderSpec, "allow_calls">,
): string | undefined {
  const word = tokens.find(
    ({ kind, text }) =>
      kind === "word" && (forbiddenWords.test(text) || readyMade.test(text)) && !allow_calls.includes(text),
  );
  return word && `It uses ${word.text}.`;
}

const loops = new Set(["for_statement", "while_statement", "do_statement", "for_range_loop"]);

/** A loop in the function or in a function of the file that it reaches. */
function loopFault(entry: CFunction, reached: ReadonlySet<CFunction>): string | undefined {
  if ([...reached].some(({ live }) => live.some(isLoop))) return undefined;
  return `${entry.name} has no loop that can run, and neither has a function of the file that it calls.`;
}

function isLoop({ type, children }: SyntaxNode): boolean {
  if (!loops.has(type)) return false;
  const head = children.filter(({ field }) => field !== "body");
  if (head.some(({ broken, type: sign }) => broken && sign !== ";")) return false;
  const condition = head.find(({ field }) => field === "condition");
  return condition === undefined || constantOf(condition, new Map()) !== false;
}

const stores = new Set(["assignment_expression", "update_expression"]);

function launchFault(
  entry: CFunction,
  reached: ReadonlySet<CFunction>,
  functions: readonly CFunction[],
): string | undefined {
  if (!functions.some(({ global }) => global)) return "The file defines no __global__ function.";
  const names = new Set([...reached].flatMap(({ live }) => live.flatMap((node) => launchedBy(node) ?? [])));
  const launched = functions.filter(({ global, name }) => global && names.has(name));
  if (launched.length === 0) return `No __global__ function of the file is launched from ${entry.name}.`;
  const stored = [...reachedFrom(launched, functions)].some(({ live }) => live.some(({ type }) => stores.has(type)));
  return stored ? undefined : "The kernels that are launched store nothing.";
}

/** The kernel of `name<<<…>>>(…)`, with or without arguments of a template. */
function launchedBy({ type, children }: SyntaxNode): string | undefined {
  if (type !== "call_expression" || !children.some((part) => part.type === "kernel_call_syntax")) return undefined;
  return children
    .find(({ field }) => field === "function")
    ?.text.split("<", 1)[0]
    ?.trim();
}
