import type { Kysely } from "kysely";

/** For retention, which looks for what ended long ago. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.createIndex("rollouts_ended_at").on("rollouts").column("ended_at").execute();
}
