import type { Kysely } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("environments")
    .addColumn("name", "text", (column) => column.primaryKey())
    .addColumn("json", "text", (column) => column.notNull())
    .addColumn("base_dir", "text")
    .addColumn("registered_at", "text", (column) => column.notNull())
    .execute();
  await db.schema
    .createTable("rollouts")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("environment", "text", (column) => column.notNull())
    .addColumn("environment_json", "text", (column) => column.notNull())
    .addColumn("base_dir", "text")
    .addColumn("group_name", "text")
    .addColumn("labels_json", "text", (column) => column.notNull())
    .addColumn("status", "text", (column) => column.notNull())
    .addColumn("provider", "text", (column) => column.notNull())
    .addColumn("snapshot", "text")
    .addColumn("error_json", "text")
    .addColumn("verdict_json", "text")
    .addColumn("created_at", "text", (column) => column.notNull())
    .addColumn("active_at", "text")
    .addColumn("first_result_at", "text")
    .addColumn("ended_at", "text")
    .execute();
  await db.schema.createIndex("rollouts_created_at").on("rollouts").column("created_at").execute();
  await db.schema.createIndex("rollouts_status").on("rollouts").column("status").execute();
  await db.schema
    .createTable("tool_calls")
    .addColumn("rollout_id", "text", (column) => column.notNull().references("rollouts.id"))
    .addColumn("call_id", "text", (column) => column.notNull())
    .addColumn("seq", "integer", (column) => column.notNull())
    .addColumn("tool", "text", (column) => column.notNull())
    .addColumn("effect", "text")
    .addColumn("arguments_json", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("result_json", "text")
    .addColumn("started_at", "text", (column) => column.notNull())
    .addColumn("duration_ms", "double precision")
    .addPrimaryKeyConstraint("tool_calls_pk", ["rollout_id", "call_id"])
    .addUniqueConstraint("tool_calls_seq", ["rollout_id", "seq"])
    .execute();
  await db.schema
    .createTable("change_sets")
    .addColumn("rollout_id", "text", (column) => column.primaryKey().references("rollouts.id"))
    .addColumn("json", "text", (column) => column.notNull())
    .execute();
  await db.schema
    .createTable("sandbox_intents")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("provider", "text", (column) => column.notNull())
    .addColumn("purpose", "text", (column) => column.notNull())
    .addColumn("incarnation", "text", (column) => column.notNull())
    .execute();
  await db.schema
    .createTable("installation")
    .addColumn("key", "text", (column) => column.primaryKey())
    .addColumn("value", "text", (column) => column.notNull())
    .execute();
}
