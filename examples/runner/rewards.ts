import type { EvidenceRow } from "../../src/core/evidence.ts";
import type { Verdict } from "../../src/model/verdict.ts";
import type { Played } from "./play.ts";
import type { Expected } from "./policy.ts";

/** What a row earned under one policy: its best sample. */
export interface RowReward extends EvidenceRow {
  readonly row: string;
  readonly policy: string;
  /** Null when no sample was scored. */
  readonly reward: number | null;
  /** Of all samples, in their order. */
  readonly rewards: readonly (number | null)[];
  readonly parts: Readonly<Record<string, number>>;
  readonly flags: readonly string[];
}

const figure = (reward: number): string => String(Number(reward.toFixed(3)));
const rewardOf = ({ verdict }: Played): number | null => verdict?.reward ?? null;
const partsOf = (verdict: Verdict | undefined) =>
  Object.fromEntries((verdict?.parts ?? []).map(({ name, reward }) => [name, Number(reward.toFixed(3))]));

function whyUnscored({ verdict, failure }: Played): string {
  if (failure !== undefined) return failure;
  return verdict?.status === "unscored" ? `unscored: ${verdict.reason.message}` : "no verdict";
}

/** A row is as it must be when every sample was scored and, for a policy of which it is known, the best earned what it should. */
export function rewardsOf(played: readonly Played[], expected: Expected, backend: string): RowReward[] {
  const byRow = Map.groupBy(played, ({ policy, row }) => JSON.stringify([policy, row.id]));
  return [...byRow.values()].map((samples) => {
    const best = samples.reduce((a, b) => ((rewardOf(b) ?? -Infinity) > (rewardOf(a) ?? -Infinity) ? b : a));
    const reward = rewardOf(best);
    const expectation = expected[best.policy];
    const failed = samples.find((sample) => rewardOf(sample) === null);
    const { verdict, row, policy } = best;
    return {
      case: `${policy}: ${row.id}`,
      backend,
      row: row.id,
      policy,
      result: failed ? whyUnscored(failed) : figure(reward ?? 0),
      expected: expectation?.because ?? "a reward",
      ok: failed === undefined && reward !== null && (expectation?.holds(reward) ?? true),
      reward,
      rewards: samples.map(rewardOf),
      parts: partsOf(verdict),
      flags: verdict?.status === "scored" ? verdict.flags : [],
    };
  });
}

/** For people: a line for each row. */
export function rewardCells({ ok, policy, row, result, reward, rewards, parts, flags }: RowReward): string[] {
  const samples = rewards.length > 1 ? ` of ${rewards.map((one) => (one === null ? "?" : figure(one))).join(" ")}` : "";
  const shown = Object.entries(parts).map(([name, value]) => `${name} ${figure(value)}`);
  return [
    ok ? "" : "!",
    policy,
    row,
    reward === null ? "?" : figure(reward) + samples,
    reward === null ? result : [...shown, ...flags.map((flag) => `[${flag}]`)].join("  "),
  ];
}

/** `good: mean reward 0.98 of 12 rows`, a line for each policy. */
export function means(rows: readonly RowReward[]): string {
  return [...Map.groupBy(rows, ({ policy }) => policy)]
    .map(([policy, own]) => {
      const scored = own.flatMap(({ reward }) => (reward === null ? [] : [reward]));
      const mean = scored.reduce((sum, reward) => sum + reward, 0) / scored.length;
      const unscored = scored.length < own.length ? `, ${own.length - scored.length} unscored` : "";
      return `${policy}: mean reward ${scored.length === 0 ? "?" : figure(mean)} of ${scored.length} rows${unscored}`;
    })
    .join("\n");
}
