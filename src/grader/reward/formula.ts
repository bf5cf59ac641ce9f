import { FormulaError } from "./formula-error.ts";
import { formulaFunctions } from "./functions.ts";
import { tokensOf, type Token } from "./tokens.ts";

/** A formula that was read. */
export interface Formula {
  /** The parts that it names, each once, in the order of their first mention. */
  readonly parts: readonly string[];
  /** Not a finite number when the arithmetic has no such result: a division by 0, the root of a negative number. */
  evaluate(rewards: ReadonlyMap<string, number>): number;
}

type Value = (rewards: ReadonlyMap<string, number>) => number;

/** Brackets, signs and powers within each other. */
const deepest = 50;

/**
 * Reads arithmetic over part names: `+ - * / ^`, unary minus, brackets, numbers and the functions of `functions.ts`. `^`
 * binds strongest and to the right, and before a minus in front of it: `-a^2` is `-(a^2)`, `2^-a` a power.
 * @throws FormulaError with the place of the first fault, or of a name that is none of `known`
 */
export function parseFormula(text: string, known: readonly string[]): Formula {
  return new Parser(text, known).formula();
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #known: readonly string[];
  readonly #parts = new Set<string>();
  #next = 0;
  #depth = 0;

  constructor(text: string, known: readonly string[]) {
    this.#tokens = tokensOf(text);
    this.#known = known;
  }

  formula(): Formula {
    const evaluate = this.#sum();
    const { kind, position } = this.#token;
    if (kind !== "end") throw new FormulaError(`an operator or the end was expected, not ${this.#found}`, position);
    return { parts: [...this.#parts], evaluate };
  }

  #sum(): Value {
    let sum = this.#product();
    for (;;) {
      const left = sum;
      if (this.#take("+")) {
        const right = this.#product();
        sum = (rewards) => left(rewards) + right(rewards);
      } else if (this.#take("-")) {
        const right = this.#product();
        sum = (rewards) => left(rewards) - right(rewards);
      } else return sum;
    }
  }

  #product(): Value {
    let product = this.#signed();
    for (;;) {
      const left = product;
      if (this.#take("*")) {
        const right = this.#signed();
        product = (rewards) => left(rewards) * right(rewards);
      } else if (this.#take("/")) {
        const right = this.#signed();
        product = (rewards) => left(rewards) / right(rewards);
      } else return product;
    }
  }

  #signed(): Value {
    return this.#deeper(() => {
      if (!this.#take("-")) return this.#power();
      const value = this.#signed();
      return (rewards) => -value(rewards);
    });
  }

  #power(): Value {
    const base = this.#atom();
    if (!this.#take("^")) return base;
    const exponent = this.#signed();
    return (rewards) => base(rewards) ** exponent(rewards);
  }

  #atom(): Value {
    const token = this.#token;
    if (token.kind === "number") {
      this.#next += 1;
      return () => token.value;
    }
    if (token.kind === "name") {
      this.#next += 1;
      return this.#take("(") ? this.#call(token.name, token.position) : this.#part(token.name, token.position);
    }
    if (this.#take("(")) {
      const inside = this.#sum();
      this.#expect(")");
      return inside;
    }
    throw new FormulaError(`a number, a part, a function or '(' was expected, not ${this.#found}`, token.position);
  }

  #call(name: string, position: number): Value {
    const called = formulaFunctions.get(name);
    if (called === undefined)
      throw new FormulaError(
        `there is no function ${name}; there are ${[...formulaFunctions.keys()].join(", ")}`,
        position,
      );
    const values = [this.#sum()];
    while (this.#take(",")) values.push(this.#sum());
    this.#expect(")");
    if (called.takes !== undefined && values.length !== called.takes)
      throw new FormulaError(`${name} takes ${called.takes} value, not ${values.length}`, position);
    return (rewards) => called.of(...values.map((value) => value(rewards)));
  }

  #part(name: string, position: number): Value {
    if (!this.#known.includes(name)) {
      const there = this.#known.length === 0 ? "there are none" : `there are ${this.#known.join(", ")}`;
      throw new FormulaError(`there is no part ${name}; ${there}`, position);
    }
    this.#parts.add(name);
    return (rewards) => rewards.get(name) ?? Number.NaN;
  }

  #deeper(read: () => Value): Value {
    if (this.#depth >= deepest) throw new FormulaError(`it is nested more than ${deepest} deep`, this.#token.position);
    this.#depth += 1;
    const value = read();
    this.#depth -= 1;
    return value;
  }

  #take(mark: string): boolean {
    const token = this.#token;
    if (token.kind !== "mark" || token.mark !== mark) return false;
    this.#next += 1;
    return true;
  }

  #expect(mark: string): void {
    if (!this.#take(mark)) throw new FormulaError(`'${mark}' was expected, not ${this.#found}`, this.#token.position);
  }

  /** The last one is the end, which nothing goes beyond. */
  get #token(): Token {
    return this.#tokens[this.#next] as Token;
  }

  get #found(): string {
    const token = this.#token;
    if (token.kind === "end") return "the end";
    if (token.kind === "number") return `the number ${token.value}`;
    return token.kind === "name" ? token.name : `'${token.mark}'`;
  }
}
