import { z } from "zod";
import type { Usage } from "./model/agent-model.ts";

const dollars = z.number().min(0).max(1_000_000);

/** Dollars for a million tokens. */
export const price = z.strictObject({
  input: dollars,
  /** As `input` when it is left out. */
  cached_input: dollars.optional(),
  output: dollars,
});
export type Price = z.infer<typeof price>;

/** Prices by the model's name. Berth knows none of its own: they change. */
export const priceTable = z.record(z.string(), price);

/** In dollars. */
export const costOf = (
  { input, cached_input, output }: Usage,
  { input: fresh, cached_input: cached = fresh, output: written }: Price,
): number =>
  ((input - Math.min(input, cached_input)) * fresh + Math.min(input, cached_input) * cached + output * written) /
  1_000_000;

export const addUsage = (one: Usage, two: Usage): Usage => ({
  input: one.input + two.input,
  cached_input: one.cached_input + two.cached_input,
  output: one.output + two.output,
});
