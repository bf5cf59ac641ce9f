/** What a figure, or the ratio of Berth's figure to raw Docker's, has to be. */
export interface Target {
  readonly of: "ratio" | "figure";
  readonly bound: "at most" | "at least";
  readonly value: number;
}

export const ratioAtMost = (value: number): Target => ({ of: "ratio", bound: "at most", value });
export const ratioAtLeast = (value: number): Target => ({ of: "ratio", bound: "at least", value });
export const figureAtLeast = (value: number): Target => ({ of: "figure", bound: "at least", value });
export const figureAtMost = (value: number): Target => ({ of: "figure", bound: "at most", value });

export type Outcome = "met" | "missed" | "measured";

/** `measured` where there is no target, or nothing to hold it against. */
export function outcomeOf(target: Target | undefined, figure: number, ratio: number | null): Outcome {
  const value = target?.of === "ratio" ? ratio : figure;
  if (target === undefined || value === null) return "measured";
  return (target.bound === "at most" ? value <= target.value : value >= target.value) ? "met" : "missed";
}

const rounded = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(1).replace(/\.0$/, ""));

/** A ratio as people say it: `1/15`, `1.1×`. */
export const ratioText = (ratio: number): string =>
  ratio < 0.95 ? `1/${rounded(1 / ratio)}` : `${ratio < 10 ? ratio.toFixed(2).replace(/\.?0+$/, "") : rounded(ratio)}×`;

export function targetText(target: Target | undefined, unit: string): string {
  if (target === undefined) return "";
  const sign = target.bound === "at most" ? "≤" : "≥";
  return target.of === "ratio" ? `${sign} ${ratioText(target.value)}` : `${sign} ${target.value} ${unit}`;
}
