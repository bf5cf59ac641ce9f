/** What a formula may call. `log` is the natural logarithm. */
export interface FormulaFunction {
  /** How many arguments it takes; undefined: one or more. */
  readonly takes: number | undefined;
  readonly of: (...values: number[]) => number;
}

export const formulaFunctions: ReadonlyMap<string, FormulaFunction> = new Map([
  ["min", { takes: undefined, of: Math.min }],
  ["max", { takes: undefined, of: Math.max }],
  ["abs", { takes: 1, of: Math.abs }],
  ["floor", { takes: 1, of: Math.floor }],
  ["ceil", { takes: 1, of: Math.ceil }],
  ["exp", { takes: 1, of: Math.exp }],
  ["sqrt", { takes: 1, of: Math.sqrt }],
  ["log", { takes: 1, of: Math.log }],
]);
