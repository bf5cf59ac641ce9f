import { FormulaError } from "./formula-error.ts";

export type Token =
  | { readonly kind: "number"; readonly value: number; readonly position: number }
  | { readonly kind: "name"; readonly name: string; readonly position: number }
  | { readonly kind: "mark"; readonly mark: string; readonly position: number }
  | { readonly kind: "end"; readonly position: number };

/** The longest formula, in characters. */
const mostCharacters = 2000;

const token =
  /\s*(?:(?<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)|(?<name>[A-Za-z_][A-Za-z0-9_]*)|(?<mark>[-+*/^(),]))/y;

/** The words of a formula, and its end. @throws FormulaError at the first character that belongs to none */
export function tokensOf(text: string): Token[] {
  if (text.length > mostCharacters)
    throw new FormulaError(`it is longer than ${mostCharacters} characters`, mostCharacters);
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    token.lastIndex = at;
    const groups = token.exec(text)?.groups;
    if (groups === undefined) break;
    const { number, name, mark } = groups;
    at = token.lastIndex;
    const position = at - (number ?? name ?? mark ?? "").length;
    if (number !== undefined) tokens.push({ kind: "number", value: finite(number, position), position });
    else if (name !== undefined) tokens.push({ kind: "name", name, position });
    else if (mark !== undefined) tokens.push({ kind: "mark", mark, position });
  }
  const rest = text.slice(at).search(/\S/);
  if (rest >= 0) throw new FormulaError(`${JSON.stringify(text[at + rest])} means nothing here`, at + rest);
  tokens.push({ kind: "end", position: text.length });
  return tokens;
}

function finite(text: string, position: number): number {
  const value = Number(text);
  if (!Number.isFinite(value)) throw new FormulaError(`the number ${text.slice(0, 40)} is too large`, position);
  return value;
}
