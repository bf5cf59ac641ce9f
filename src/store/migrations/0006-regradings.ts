import type { Kysely } from "kysely";

/** What a rollout was judged by, so that it can be judged again, and the later verdicts. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable("rollouts").addColumn("answer_json", "text").execute();
  await db.schema
    .createTable("regradings")
    .addColumn("rollout_id", "text", (column) => column.notNull().references("rollouts.id"))
    .addColumn("id", "text", (column) => column.notNull())
    .addColumn("graded_at", "text", (column) => column.notNull())
    .addColumn("json", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("regradings_pk", ["rollout_id", "id"])
    .execute();
}
