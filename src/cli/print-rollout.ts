import type { Rollout } from "../model/rollout.ts";
import type { Verdict } from "../model/verdict.ts";
import { printable, printableLine } from "./printable.ts";
import { paint, type Terminal } from "./terminal.ts";

export const rewardOf = (verdict: Verdict | null): string =>
  verdict === null ? "-" : verdict.status === "scored" ? String(verdict.reward) : "unscored";

/** Who caused that it failed, expired or is unscored, and how. */
export function causeOf({ error, verdict }: Rollout): string {
  const failure = verdict?.status === "unscored" ? verdict.reason : error;
  if (!failure) return "-";
  return [failure.cause, failure.code, ...(failure.budget === undefined ? [] : [failure.budget])].join(" ");
}

const egressOf = ({ egress: { allowed, denied } }: Rollout): string | null =>
  allowed + denied === 0 ? null : `${allowed} allowed, ${denied} denied`;

export function printRollout(terminal: Terminal, rollout: Rollout): void {
  const rows: [string, string | null][] = [
    ["rollout", rollout.rollout_id],
    ["environment", rollout.environment],
    ["status", rollout.status],
    ["provider", rollout.provider],
    ["group", rollout.group],
    [
      "labels",
      Object.entries(rollout.labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(" ") || null,
    ],
    ["snapshot", rollout.snapshot],
    ["tool calls", String(rollout.tool_calls)],
    ["egress", egressOf(rollout)],
    ["created", rollout.created_at],
    ["active", rollout.active_at],
    ["ended", rollout.ended_at],
    ["reward", rollout.verdict === null ? null : rewardOf(rollout.verdict)],
  ];
  const shown = rows.filter(([, value]) => value !== null);
  terminal.out(shown.map(([name, value]) => `${name.padEnd(12)} ${printableLine(value ?? "")}`).join("\n"));
  if (rollout.error)
    terminal.err(
      `${paint(terminal, "red", `${rollout.error.code}:`)} ${printable(rollout.error.message)}\n${printable(rollout.error.remedy)}`,
    );
}

export function printVerdict(terminal: Terminal, verdict: Verdict): void {
  if (verdict.status === "unscored") {
    terminal.out("unscored");
    terminal.err(
      `${paint(terminal, "red", `${verdict.reason.code}:`)} ${printable(verdict.reason.message)}\n${printable(verdict.reason.remedy)}`,
    );
    return;
  }
  const parts = verdict.parts.map(
    (part) => `  ${printableLine(part.name)}  ${part.reward}  ${printableLine(part.summary)}`,
  );
  const flags = verdict.flags.length > 0 ? [`  flags: ${printableLine(verdict.flags.join(", "))}`] : [];
  const decision = verdict.decision === undefined || parts.length < 2 ? [] : [`  ${printableLine(verdict.decision)}`];
  terminal.out([`reward ${verdict.reward}`, ...parts, ...decision, ...flags].join("\n"));
}
