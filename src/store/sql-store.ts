import { sql, type Kysely, type SelectQueryBuilder } from "kysely";
import { BerthError } from "../core/errors.ts";
import { changeSet as changeSetSchema, type ChangeSet } from "../model/change-set.ts";
import { egressRecord, type EgressRecord } from "../model/egress.ts";
import { environment as environmentSchema } from "../model/environment.ts";
import { terminalStatuses, type Rollout } from "../model/rollout.ts";
import type { ToolOutput } from "../model/tool-call.ts";
import type { TrajectoryRecord } from "../model/trajectory.ts";
import { verdict as verdictSchema, type Verdict } from "../model/verdict.ts";
import { rolloutOf, trajectoryRecordOf, type CountedRolloutRow } from "./rows.ts";
import type { Tables } from "./schema.ts";
import type {
  CallReservation,
  NewRollout,
  Reserved,
  RolloutPatch,
  RolloutQuery,
  SandboxIntent,
  Store,
  StoredEnvironment,
} from "./store.ts";
import { UNSYNCED } from "./unsynced.ts";

/** How often a call asks for its number: once, and once more for each that another controller was quicker to take. */
const MOST_NUMBERS_TRIED = 100;

const storedEnvironment = (row: { json: string; base_dir: string | null }): StoredEnvironment => ({
  environment: environmentSchema.parse(JSON.parse(row.json)),
  baseDir: row.base_dir,
});

/** The store on any SQL database that Kysely speaks to; durability is the dialect's. */
export class SqlStore implements Store {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  async registerEnvironment({ environment, baseDir }: StoredEnvironment): Promise<void> {
    const values = { json: JSON.stringify(environment), base_dir: baseDir, registered_at: new Date().toISOString() };
    await this.#access(() =>
      this.#db
        .insertInto("environments")
        .values({ name: environment.name, ...values })
        .onConflict((conflict) => conflict.column("name").doUpdateSet(values))
        .execute(),
    );
  }

  async environment(name: string): Promise<StoredEnvironment | undefined> {
    return this.#access(async () => {
      const row = await this.#db.selectFrom("environments").selectAll().where("name", "=", name).executeTakeFirst();
      return row && storedEnvironment(row);
    });
  }

  async environments(): Promise<StoredEnvironment[]> {
    return this.#access(async () => {
      const rows = await this.#db.selectFrom("environments").selectAll().orderBy("name").execute();
      return rows.map(storedEnvironment);
    });
  }

  async createRollout(created: NewRollout): Promise<{ rollout: Rollout; created: boolean }> {
    const { environment, baseDir } = created.environment;
    const inserted = await this.#access(() =>
      this.#db
        .insertInto("rollouts")
        .values({
          id: created.id,
          environment: environment.name,
          environment_json: JSON.stringify(environment),
          base_dir: baseDir,
          group_name: created.group,
          labels_json: JSON.stringify(created.labels),
          status: "queued",
          provider: created.provider,
          created_at: created.createdAt,
        })
        .onConflict((conflict) => conflict.column("id").doNothing())
        .executeTakeFirst(),
    );
    const rollout = await this.rollout(created.id);
    if (!rollout) throw new BerthError("storage_failed", `The rollout ${created.id} was written and cannot be read.`);
    return { rollout, created: inserted.numInsertedOrUpdatedRows === 1n };
  }

  async rollout(id: string): Promise<Rollout | undefined> {
    return this.#access(async () => {
      const row = await this.#withCounts(this.#db.selectFrom("rollouts").where("id", "=", id)).executeTakeFirst();
      return row && rolloutOf(row);
    });
  }

  async rolloutEnvironment(id: string): Promise<StoredEnvironment | undefined> {
    return this.#access(async () => {
      const row = await this.#db
        .selectFrom("rollouts")
        .select(["environment_json as json", "base_dir"])
        .where("id", "=", id)
        .executeTakeFirst();
      return row && storedEnvironment(row);
    });
  }

  async rollouts(query: RolloutQuery): Promise<Rollout[]> {
    let rows = this.#db.selectFrom("rollouts");
    if (query.before !== undefined) {
      const { createdAt, id } = query.before;
      rows = rows.where((column) =>
        column.or([
          column("created_at", "<", createdAt),
          ...(id === undefined ? [] : [column.and([column("created_at", "=", createdAt), column("id", ">", id)])]),
        ]),
      );
    }
    if (query.status !== undefined) rows = rows.where("status", "in", query.status);
    if (query.group !== undefined) rows = rows.where("group_name", "=", query.group);
    const newestFirst = this.#withCounts(rows.orderBy("created_at", "desc").orderBy("id").limit(query.limit));
    return this.#access(async () => (await newestFirst.execute()).map(rolloutOf));
  }

  async snapshotsOf(status: readonly Rollout["status"][]): Promise<string[]> {
    const query = this.#db.selectFrom("rollouts").select("snapshot").distinct().where("status", "in", status);
    return this.#access(async () => (await query.execute()).flatMap(({ snapshot }) => snapshot ?? []));
  }

  async updateRollout(id: string, { error, ...patch }: RolloutPatch): Promise<boolean> {
    const set = { ...patch, ...(error === undefined ? {} : { error_json: error && JSON.stringify(error) }) };
    if (Object.keys(set).length === 0) return (await this.rollout(id)) !== undefined;
    let update = this.#db.updateTable("rollouts").set(set).where("id", "=", id);
    if (patch.status !== undefined) update = update.where("status", "not in", terminalStatuses);
    const { numUpdatedRows } = await this.#access(() => update.executeTakeFirst());
    return numUpdatedRows === 1n;
  }

  async reserveCall(rolloutId: string, call: CallReservation): Promise<Reserved> {
    return this.#access(async (): Promise<Reserved> => {
      const insert = this.#db
        .insertInto("tool_calls")
        .columns(["rollout_id", "call_id", "seq", "tool", "effect", "arguments_json", "state", "started_at"])
        .expression((from) =>
          from
            .selectFrom("tool_calls")
            .select((column) => [
              column.val(rolloutId).as("rollout_id"),
              column.val(call.callId).as("call_id"),
              sql<number>`coalesce(max(seq) + 1, 0)`.as("seq"),
              column.val(call.tool).as("tool"),
              column.val(call.effect).as("effect"),
              column.val(JSON.stringify(call.arguments)).as("arguments_json"),
              column.val("running").as("state"),
              column.val(call.startedAt).as("started_at"),
            ])
            .where("rollout_id", "=", rolloutId),
        )
        // Of its call id, or of its number: another controller may have given that one out meanwhile.
        .onConflict((conflict) => conflict.doNothing())
        .returning("seq");
      const reserve = call.effect === "read" ? insert.modifyEnd(sql.raw(UNSYNCED)) : insert;
      for (let tried = 0; tried < MOST_NUMBERS_TRIED; tried++) {
        const reserved = await reserve.executeTakeFirst();
        if (reserved) return { kind: "new", seq: reserved.seq };
        const known = await this.#db
          .selectFrom("tool_calls")
          .selectAll()
          .where("rollout_id", "=", rolloutId)
          .where("call_id", "=", call.callId)
          .executeTakeFirst();
        if (known) return { kind: "known", record: trajectoryRecordOf(known) };
      }
      throw new BerthError("storage_failed", `Other controllers took every number that a call of ${rolloutId} tried.`);
    });
  }

  async finishCall(rolloutId: string, callId: string, result: ToolOutput, durationMs: number): Promise<void> {
    await this.#access(() =>
      this.#db
        .updateTable("tool_calls")
        .set({ state: "done", result_json: JSON.stringify(result), duration_ms: durationMs })
        .where("rollout_id", "=", rolloutId)
        .where("call_id", "=", callId)
        .where("state", "=", "running")
        .execute(),
    );
  }

  async markInterruptedCalls(): Promise<number> {
    const result = await this.#access(() =>
      this.#db.updateTable("tool_calls").set({ state: "unknown" }).where("state", "=", "running").executeTakeFirst(),
    );
    return Number(result.numUpdatedRows);
  }

  async markCallUnknown(rolloutId: string, callId: string): Promise<void> {
    await this.#access(() =>
      this.#db
        .updateTable("tool_calls")
        .set({ state: "unknown" })
        .where("rollout_id", "=", rolloutId)
        .where("call_id", "=", callId)
        .where("state", "=", "running")
        .execute(),
    );
  }

  async trajectory(rolloutId: string): Promise<TrajectoryRecord[]> {
    const records = this.#db.selectFrom("tool_calls").selectAll().where("rollout_id", "=", rolloutId).orderBy("seq");
    return this.#access(async () => (await records.execute()).map(trajectoryRecordOf));
  }

  async saveEgress(rolloutId: string, { allowed, denied, denials }: EgressRecord): Promise<void> {
    const values = { allowed, denied, denials_json: JSON.stringify(denials) };
    await this.#access(() =>
      this.#db
        .insertInto("egress")
        .values({ rollout_id: rolloutId, ...values })
        .onConflict((conflict) => conflict.column("rollout_id").doUpdateSet(values))
        .execute(),
    );
  }

  async egress(rolloutId: string): Promise<EgressRecord> {
    return this.#access(async () => {
      const row = await this.#db
        .selectFrom("egress")
        .selectAll()
        .where("rollout_id", "=", rolloutId)
        .executeTakeFirst();
      if (!row) return { allowed: 0, denied: 0, denials: [] };
      const denials: unknown = JSON.parse(row.denials_json);
      return egressRecord.parse({ allowed: row.allowed, denied: row.denied, denials });
    });
  }

  async saveChangeSet(rolloutId: string, changes: ChangeSet): Promise<void> {
    await this.#access(() =>
      this.#db
        .insertInto("change_sets")
        .values({ rollout_id: rolloutId, json: JSON.stringify(changes) })
        .onConflict((conflict) => conflict.column("rollout_id").doNothing())
        .execute(),
    );
  }

  async changeSet(rolloutId: string): Promise<ChangeSet | undefined> {
    return this.#access(async () => {
      const row = await this.#db
        .selectFrom("change_sets")
        .select("json")
        .where("rollout_id", "=", rolloutId)
        .executeTakeFirst();
      return row && changeSetSchema.parse(JSON.parse(row.json));
    });
  }

  async saveVerdict(rolloutId: string, verdict: Verdict): Promise<Verdict> {
    return this.#access(async () => {
      await this.#db
        .updateTable("rollouts")
        .set({ verdict_json: JSON.stringify(verdict) })
        .where("id", "=", rolloutId)
        .where("verdict_json", "is", null)
        .execute();
      const { verdict_json: stored } = await this.#db
        .selectFrom("rollouts")
        .select("verdict_json")
        .where("id", "=", rolloutId)
        .executeTakeFirstOrThrow();
      return verdictSchema.parse(JSON.parse(stored ?? "null"));
    });
  }

  async recordIntent(intent: SandboxIntent): Promise<void> {
    await this.#access(() =>
      this.#db
        .insertInto("sandbox_intents")
        .values(intent)
        .onConflict((conflict) => conflict.column("id").doUpdateSet(intent))
        .execute(),
    );
  }

  async forgetIntent(sandboxId: string): Promise<void> {
    await this.#access(() => this.#db.deleteFrom("sandbox_intents").where("id", "=", sandboxId).execute());
  }

  async intents({ purposes }: { purposes?: readonly string[] } = {}): Promise<SandboxIntent[]> {
    const all = this.#db.selectFrom("sandbox_intents").selectAll().orderBy("id");
    return this.#access(() => (purposes ? all.where("purpose", "in", purposes) : all).execute());
  }

  async countEndedBefore(time: string): Promise<number> {
    const ended = this.#endedBefore(time).select((column) => column.fn.countAll<number>().as("n"));
    return this.#access(async () => (await ended.executeTakeFirstOrThrow()).n);
  }

  async removeEndedBefore(time: string, most: number): Promise<number> {
    return this.#access(async () => {
      const ended = this.#endedBefore(time).select("id").orderBy("ended_at").orderBy("id").limit(most);
      const ids = (await ended.execute()).map(({ id }) => id);
      if (ids.length === 0) return 0;
      for (const table of ["tool_calls", "change_sets", "egress"] as const)
        await this.#db.deleteFrom(table).where("rollout_id", "in", ids).execute();
      await this.#db.deleteFrom("rollouts").where("id", "in", ids).execute();
      return ids.length;
    });
  }

  async installationId(proposed: string): Promise<string> {
    return this.#access(async () => {
      await this.#db
        .insertInto("installation")
        .values({ key: "id", value: proposed })
        .onConflict((conflict) => conflict.column("key").doNothing())
        .execute();
      const { value } = await this.#db
        .selectFrom("installation")
        .select("value")
        .where("key", "=", "id")
        .executeTakeFirstOrThrow();
      return value;
    });
  }

  async close(): Promise<void> {
    await this.#db.destroy();
  }

  #withCounts(query: SelectQueryBuilder<Tables, "rollouts", object>) {
    return query
      .leftJoin("egress", "egress.rollout_id", "rollouts.id")
      .selectAll("rollouts")
      .select(["egress.allowed as egress_allowed", "egress.denied as egress_denied"])
      .select((column) =>
        column
          .selectFrom("tool_calls")
          .select((count) => count.fn.countAll<number>().as("n"))
          .whereRef("tool_calls.rollout_id", "=", "rollouts.id")
          .$castTo<{ n: number }>()
          .as("tool_calls"),
      ) as unknown as SelectQueryBuilder<Tables, "rollouts", CountedRolloutRow>;
  }

  #endedBefore(time: string) {
    return this.#db.selectFrom("rollouts").where("ended_at", "<", time).where("status", "in", terminalStatuses);
  }

  async #access<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof BerthError) throw error;
      throw new BerthError(
        "storage_failed",
        `The store failed: ${error instanceof Error ? error.message : String(error)}`,
        {
          cause: error,
        },
      );
    }
  }
}
