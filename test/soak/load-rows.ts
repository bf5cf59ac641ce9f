import type { EvidenceRow } from "../../src/core/evidence.ts";
import type { Tally } from "./tally.ts";

/** A record is some hundred bytes, five calls and a verdict of them a rollout. */
const KB_A_ROLLOUT = 48;

/** What the load came to: whether everything was answered, once, and nothing is left. */
export function loadRows(
  tally: Tally,
  end: { asked: number; unfinished: number; left: readonly string[]; databaseKb: number },
): EvidenceRow[] {
  const row = (what: string, result: string, ok: boolean, figures: Record<string, unknown> = {}): EvidenceRow => ({
    case: what,
    backend: "oci",
    result,
    expected: "none that is wrong",
    ok,
    ...figures,
  });
  const faults = {
    guests_killed: tally.guestsKilled,
    controllers_killed: tally.controllersKilled,
    clients_gone: tally.clientsGone,
    left_idle: tally.expired,
  };
  const refused = [...tally.refusals].map(([code, times]) => `${code} ${times}`).join(", ");
  return [
    row(
      "rollouts, their calls answered once and as asked",
      `${end.asked} rollouts, ${tally.answered} calls, ${tally.verdicts} verdicts, ${tally.wrong.length} wrong`,
      tally.wrong.length === 0 && tally.answered > end.asked,
      { wrong: tally.wrong.length },
    ),
    row(
      "faults",
      `${tally.guestsKilled} guests and ${tally.controllersKilled} controllers killed, ${tally.clientsGone} clients gone, ${tally.expired} rollouts left idle; errors in answers, those of ended rollouts among them: ${refused || "none"}`,
      Object.values(faults).every((times) => times > 0),
      faults,
    ),
    row("rollouts that have not ended", String(end.unfinished), end.unfinished === 0),
    row("mounts, cgroups, guests and folders that are left", end.left.join(", ") || "none", end.left.length === 0),
    row(
      "the database, for each rollout",
      `${Math.round(end.databaseKb * 10) / 10} KiB`,
      end.databaseKb <= KB_A_ROLLOUT,
      { database_kb_a_rollout: Math.round(end.databaseKb * 10) / 10 },
    ),
  ];
}
