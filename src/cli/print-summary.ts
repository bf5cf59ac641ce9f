import type { Outcome, RolloutSummary } from "../model/summary.ts";
import { table } from "./table.ts";
import type { Terminal } from "./terminal.ts";

const fixed = (reward: number | null): string => (reward === null ? "-" : reward.toFixed(3));

const row = (total: number, { status, verdict, cause, code, budget, count, mean_reward }: Outcome): string[] => [
  status,
  verdict ?? "-",
  cause ?? "-",
  [code ?? "-", ...(budget === null ? [] : [budget])].join(" "),
  String(count),
  `${((100 * count) / total).toFixed(1)} %`,
  fixed(mean_reward),
];

/** What came of rollouts, the most frequent first, and who caused it. */
export function printSummary(
  terminal: Terminal,
  { total, scored, mean_reward, by_cause, outcomes }: RolloutSummary,
): void {
  if (total === 0) return terminal.out("There is no such rollout.");
  const headings = ["status", "verdict", "cause", "code", "rollouts", "share", "mean reward"];
  terminal.out(
    table(
      headings,
      outcomes.map((outcome) => row(total, outcome)),
    ),
  );
  const causes = Object.entries(by_cause).filter(([, count]) => count > 0);
  const told = causes.map(([cause, count]) => `${cause} ${count}`).join(", ");
  terminal.out(
    `\n${total} rollouts, ${scored} scored${scored > 0 ? `, mean reward ${fixed(mean_reward)}` : ""}; caused by: ${told || "nobody"}`,
  );
}
