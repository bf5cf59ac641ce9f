import type { Kysely } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("egress")
    .addColumn("rollout_id", "text", (column) => column.primaryKey().references("rollouts.id"))
    .addColumn("allowed", "integer", (column) => column.notNull())
    .addColumn("denied", "integer", (column) => column.notNull())
    .addColumn("denials_json", "text", (column) => column.notNull())
    .execute();
}
