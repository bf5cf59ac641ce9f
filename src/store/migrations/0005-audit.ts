import type { Kysely } from "kysely";

/** As many at a time as fit into memory with their verdicts. */
const MOST_TOGETHER = 200;

type Earlier = {
  rollouts: {
    id: string;
    error_json: string | null;
    verdict_json: string | null;
    error_code: string | null;
    error_cause: string | null;
    verdict_status: string | null;
    reward: number | null;
    verdict_code: string | null;
    verdict_cause: string | null;
  };
};

/** Who did what and why, and of each rollout what a summary counts. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("audit")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("at", "text", (column) => column.notNull())
    .addColumn("actor", "text", (column) => column.notNull())
    .addColumn("action", "text", (column) => column.notNull())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("subject", "text", (column) => column.notNull())
    .addColumn("rollout_id", "text")
    .addColumn("why", "text")
    .execute();
  await db.schema.createIndex("audit_at").on("audit").columns(["at", "id"]).execute();
  await db.schema.createIndex("audit_subject").on("audit").column("subject").execute();
  await db.schema.createIndex("audit_rollout").on("audit").column("rollout_id").execute();
  const text = ["created_by", "ready_by", "error_code", "error_cause", "error_budget"];
  const verdict = ["verdict_status", "verdict_code", "verdict_cause"];
  for (const name of [...text, ...verdict]) await db.schema.alterTable("rollouts").addColumn(name, "text").execute();
  await db.schema.alterTable("rollouts").addColumn("reward", "double precision").execute();
  await db.schema.createIndex("rollouts_group").on("rollouts").column("group_name").execute();
  await fillIn(db.withTables<Earlier>());
}

/** From what rollouts of earlier versions ended with. */
async function fillIn(db: Kysely<Earlier>): Promise<void> {
  for (let after = "", batch = MOST_TOGETHER; batch === MOST_TOGETHER;) {
    const rows = await db
      .selectFrom("rollouts")
      .select(["id", "error_json", "verdict_json"])
      .where("id", ">", after)
      .where((row) => row.or([row("error_json", "is not", null), row("verdict_json", "is not", null)]))
      .orderBy("id")
      .limit(MOST_TOGETHER)
      .execute();
    for (const { id, error_json, verdict_json } of rows) {
      const error = read(error_json);
      const verdict = read(verdict_json);
      const reason = verdict["reason"] as Record<string, string> | undefined;
      const told = {
        error_code: error["code"] as string | undefined,
        error_cause: error["cause"] as string | undefined,
        verdict_status: verdict["status"] as string | undefined,
        reward: verdict["reward"] as number | null | undefined,
        verdict_code: reason?.["code"],
        verdict_cause: reason?.["cause"],
      };
      await db
        .updateTable("rollouts")
        .set(Object.fromEntries(Object.entries(told).map(([name, value]) => [name, value ?? null])))
        .where("id", "=", id)
        .execute();
    }
    batch = rows.length;
    after = rows.at(-1)?.id ?? after;
  }
}

const read = (json: string | null): Record<string, unknown> =>
  json === null ? {} : (JSON.parse(json) as Record<string, unknown>);
