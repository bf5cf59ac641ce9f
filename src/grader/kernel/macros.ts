import { tokensOf, type Token } from "./c-source.ts";
import type { CFunction } from "./functions.ts";
import { truthOf, type Constants } from "./live-code.ts";

/** What a `#define` says. */
export interface Macro {
  readonly name: string;
  /** All of the line behind `#define`. */
  readonly tokens: readonly Token[];
  /** What stands for the name, of one without parameters. */
  readonly value: string | undefined;
}

export function macroOf(directive: string): Macro | undefined {
  const found = /^#\s*define\s+((?<name>\w+)(?<parameters>\()?[^]*)$/.exec(directive);
  const { name, parameters } = found?.groups ?? {};
  if (found?.[1] === undefined || name === undefined) return undefined;
  const value = parameters === undefined ? found[1].slice(name.length).trim() : undefined;
  return { name, tokens: tokensOf(found[1]), value };
}

/** Macros that are a number wherever they stand. */
export function constantsOf(macros: readonly Macro[]): Constants {
  const constants = new Map<string, boolean>();
  const seen = new Set<string>();
  for (const { name, value } of macros) {
    const truth = value ? truthOf(value.replaceAll(/[()\s]/g, "")) : undefined;
    if (truth !== undefined && !seen.has(name)) constants.set(name, truth);
    else constants.delete(name);
    seen.add(name);
  }
  return constants;
}

const annotation =
  /^(?:_Pragma\s*\(\s*"[^"]*"\s*\)|__attribute__\s*\(\([\w\s,()]*\)\)|inline|__inline(?:__)?|__forceinline__|static|const|restrict|__restrict(?:__)?|\s)*$/;

/** The source with spaces for what only advises the compiler, which a syntax tree has no place for: `_Pragma`, and macros of it. */
export function withoutAdvice(source: string, macros: readonly Macro[]): string {
  const names = new Set(macros.map(({ name }) => name));
  for (const { name, value } of macros)
    if (value === undefined || value.length > 200 || !annotation.test(value)) names.delete(name);
  const blank = (text: string) => " ".repeat(text.length);
  return source.replaceAll(/^(?!#).+$/gm, (line) =>
    line
      .replaceAll(/_Pragma\s*\(\s*"[^"]*"\s*\)/g, blank)
      .replaceAll(/\b[A-Za-z_]\w*/g, (word) => (names.has(word) ? blank(word) : word)),
  );
}

const control =
  /^(?:for|while|do|if|else|switch|case|default|goto|return|break|continue|sizeof|__global__|__device__)$/;

/** What a macro would make of the source that its syntax tree does not show. */
export function hiddenByMacro(macros: readonly Macro[], functions: readonly CFunction[]): string | undefined {
  const taken = new Set(functions.map(({ name }) => name));
  for (const { name, tokens } of macros) {
    if (control.test(name) || taken.has(name)) return `A macro makes something else of ${name.slice(0, 100)}.`;
    let depth = 0;
    for (const { text } of tokens) {
      if (text === "{") depth += 1;
      if (text === "}") depth -= 1;
      if (depth < 0) break;
    }
    if (depth !== 0) return `The macro ${name.slice(0, 100)} opens or closes a block alone.`;
  }
  return undefined;
}
