import type { Kysely } from "kysely";

/** Who holds what. `epoch` counts the holders of a rollout, so that a write tells whether it is the present one's. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("controllers")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("url", "text")
    .addColumn("started_at", "text", (column) => column.notNull())
    .addColumn("lease_until", "bigint", (column) => column.notNull())
    .execute();
  await db.schema.alterTable("rollouts").addColumn("controller_id", "text").execute();
  await db.schema
    .alterTable("rollouts")
    .addColumn("epoch", "integer", (column) => column.notNull().defaultTo(0))
    .execute();
  await db.schema.alterTable("sandbox_intents").addColumn("controller_id", "text").execute();
}
