import { addUsage, costOf, type Price } from "./prices.ts";
import type { Usage } from "./model/agent-model.ts";

/** What one sample may use; a limit that is left out does not apply. */
export interface SampleBudget {
  /** Replies of the model. */
  readonly turns?: number | undefined;
  /** Input and output of all replies. */
  readonly tokens?: number | undefined;
  /** Dollars. */
  readonly cost?: number | undefined;
  /** From the moment at which its sandbox is ready. */
  readonly seconds?: number | undefined;
}

export type BudgetStop = "turns" | "tokens" | "cost" | "seconds";

/** What a sample has used. */
export class Spent {
  turns = 0;
  usage: Usage = { input: 0, cached_input: 0, output: 0 };
  readonly #price: Price | undefined;

  constructor(price: Price | undefined) {
    this.#price = price;
  }

  add(used: Usage): void {
    this.turns += 1;
    this.usage = addUsage(this.usage, used);
  }

  /** Dollars; null where the model has no price. */
  get cost(): number | null {
    return this.#price === undefined ? null : costOf(this.usage, this.#price);
  }

  /** The budget that is used up, if one is. */
  over({ turns, tokens, cost }: SampleBudget): BudgetStop | undefined {
    if (turns !== undefined && this.turns >= turns) return "turns";
    if (tokens !== undefined && this.usage.input + this.usage.output >= tokens) return "tokens";
    if (cost !== undefined && (this.cost ?? 0) >= cost) return "cost";
    return undefined;
  }
}
