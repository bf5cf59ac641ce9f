import { Command } from "commander";
import { normaliseRolloutId } from "../../core/ids.ts";
import { BerthError } from "../../core/errors.ts";
import type { AuditEntry } from "../../model/audit.ts";
import { printJson, type CliContext } from "../context.ts";
import { count, time } from "../option-values.ts";
import { withBerth, withSettings } from "../settings.ts";
import { table } from "../table.ts";

interface Options extends Record<string, unknown> {
  since?: string;
  rollout?: string;
  limit: number;
  json?: boolean;
}

const row = ({ at, actor, action, kind, subject, why }: AuditEntry): string[] => [
  at,
  actor,
  action,
  kind,
  subject,
  why ?? "-",
];

function rolloutIdOf(text: string): string {
  const id = normaliseRolloutId(text);
  if (id === undefined) throw new BerthError("unknown_rollout", `${text} is not a rollout id.`);
  return id;
}

export const auditCommand = (context: CliContext): Command =>
  withSettings(new Command("audit"))
    .summary("say who created and destroyed what")
    .description(
      "Lists the audit log of this machine's data directory, newest first: who created, changed and destroyed rollouts, sandboxes, snapshots and environments, when and why. An actor is the name of an API key (api_key_names), anonymous, cli: and a user of this machine, or controller. Entries are kept for audit_days.",
    )
    .option("--since <time>", "only since then: a time in UTC, or 30m, 12h, 7d", time)
    .option("--rollout <id>", "only of this rollout and its sandboxes")
    .option("--limit <n>", "how many, 1 to 10000", count(10_000), 100)
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  berth audit --since 12h
  berth audit --rollout ID --json | jq '.entries[].actor'`,
    )
    .action(async ({ since, rollout, limit, json, ...options }: Options) => {
      const query = {
        limit,
        ...(since === undefined ? {} : { since }),
        ...(rollout === undefined ? {} : { rolloutId: rolloutIdOf(rollout) }),
      };
      const entries = await withBerth(context, options, (berth) => berth.audit(query));
      if (json) return printJson(context, { entries });
      if (entries.length === 0) return context.terminal.out("The audit log has no such entry.");
      context.terminal.out(table(["at", "actor", "action", "kind", "subject", "why"], entries.map(row), 80));
    });
