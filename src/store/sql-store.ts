import {
  sql,
  type Expression,
  type ExpressionBuilder,
  type Kysely,
  type SelectQueryBuilder,
  type SqlBool,
} from "kysely";
import { BerthError } from "../core/errors.ts";
import { changeSet as changeSetSchema, type ChangeSet } from "../model/change-set.ts";
import { egressRecord, type EgressRecord } from "../model/egress.ts";
import { environment as environmentSchema } from "../model/environment.ts";
import { terminalStatuses, type Rollout } from "../model/rollout.ts";
import type { ToolOutput } from "../model/tool-call.ts";
import type { TrajectoryRecord } from "../model/trajectory.ts";
import { verdict as verdictSchema, type Verdict } from "../model/verdict.ts";
import type { Claim, Fences, Leases } from "./leases.ts";
import { rolloutOf, trajectoryRecordOf, type CountedRolloutRow } from "./rows.ts";
import type { Tables } from "./schema.ts";
import { fencedOff, SqlLeases, type SqlNow } from "./sql-leases.ts";
import type {
  CallReservation,
  HeldIntent,
  NewRollout,
  Reserved,
  RolloutPatch,
  RolloutQuery,
  SandboxIntent,
  Store,
  StoredEnvironment,
} from "./store.ts";
import { UNSYNCED } from "./unsynced.ts";

/** Of the controller that creates a rollout. */
const FIRST_EPOCH = 1;

/** Undefined: nothing is fenced. */
type Fence = { readonly claim: Claim | undefined } | undefined;

/** How often a call asks for its number: once, and once more for each that another controller was quicker to take. */
const MOST_NUMBERS_TRIED = 100;

const storedEnvironment = (row: { json: string; base_dir: string | null }): StoredEnvironment => ({
  environment: environmentSchema.parse(JSON.parse(row.json)),
  baseDir: row.base_dir,
});

/** The store on any SQL database that Kysely speaks to; durability is the dialect's. */
export class SqlStore implements Store {
  readonly leases: Leases;
  readonly #db: Kysely<Tables>;
  readonly #now: SqlNow;
  readonly #fences: Fences | undefined;

  /** `now`: the one clock by which leases end. */
  constructor(db: Kysely<Tables>, now: SqlNow, fences?: Fences) {
    this.#db = db;
    this.#now = now;
    this.#fences = fences;
    this.leases = new SqlLeases(db, now, (work) => this.#access(work));
  }

  fencedBy(fences: Fences): Store {
    return new SqlStore(this.#db, this.#now, fences);
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
    // Nobody holds it yet; what is asked for is whether this process may hold anything.
    this.#fences?.of(created.id);
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
          controller_id: this.#fences?.controller ?? null,
          epoch: FIRST_EPOCH,
        })
        .onConflict((conflict) => conflict.column("id").doNothing())
        .executeTakeFirst(),
    );
    const isNew = inserted.numInsertedOrUpdatedRows === 1n;
    if (isNew) this.#fences?.took(created.id, { controller: this.#fences.controller, epoch: FIRST_EPOCH });
    const rollout = await this.rollout(created.id);
    if (!rollout) throw new BerthError("storage_failed", `The rollout ${created.id} was written and cannot be read.`);
    return { rollout, created: isNew };
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
    const fence = this.#fence(id);
    let update = this.#db
      .updateTable("rollouts")
      .set(set)
      .where("id", "=", id)
      .where((eb) => stands(eb, fence));
    if (patch.status !== undefined) update = update.where("status", "not in", terminalStatuses);
    const { numUpdatedRows } = await this.#access(() => update.executeTakeFirst());
    if (numUpdatedRows === 1n) return true;
    await this.#assertStands(id, fence);
    return false;
  }

  async reserveCall(rolloutId: string, call: CallReservation): Promise<Reserved> {
    const fence = this.#fence(rolloutId);
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
            .where("rollout_id", "=", rolloutId)
            .having((eb) => held(eb, rolloutId, fence)),
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
        // One that runs elsewhere is not lost, as it would be where its controller was restarted.
        if (known?.state === "running") await this.#assertStands(rolloutId, fence);
        if (known) return { kind: "known", record: trajectoryRecordOf(known) };
        await this.#assertStands(rolloutId, fence);
      }
      throw new BerthError("storage_failed", `Other controllers took every number that a call of ${rolloutId} tried.`);
    });
  }

  async finishCall(rolloutId: string, callId: string, result: ToolOutput, durationMs: number): Promise<void> {
    const fence = this.#fence(rolloutId);
    await this.#written(rolloutId, fence, () =>
      this.#db
        .updateTable("tool_calls")
        .set({ state: "done", result_json: JSON.stringify(result), duration_ms: durationMs })
        .where("rollout_id", "=", rolloutId)
        .where("call_id", "=", callId)
        .where("state", "=", "running")
        .where((eb) => held(eb, rolloutId, fence))
        .executeTakeFirst(),
    );
  }

  async markInterruptedCalls(rolloutId: string): Promise<number> {
    const fence = this.#fence(rolloutId);
    return this.#written(rolloutId, fence, () =>
      this.#db
        .updateTable("tool_calls")
        .set({ state: "unknown" })
        .where("rollout_id", "=", rolloutId)
        .where("state", "=", "running")
        .where((eb) => held(eb, rolloutId, fence))
        .executeTakeFirst(),
    );
  }

  async markCallUnknown(rolloutId: string, callId: string): Promise<void> {
    const fence = this.#fence(rolloutId);
    await this.#written(rolloutId, fence, () =>
      this.#db
        .updateTable("tool_calls")
        .set({ state: "unknown" })
        .where("rollout_id", "=", rolloutId)
        .where("call_id", "=", callId)
        .where("state", "=", "running")
        .where((eb) => held(eb, rolloutId, fence))
        .executeTakeFirst(),
    );
  }

  async trajectory(rolloutId: string): Promise<TrajectoryRecord[]> {
    const records = this.#db.selectFrom("tool_calls").selectAll().where("rollout_id", "=", rolloutId).orderBy("seq");
    return this.#access(async () => (await records.execute()).map(trajectoryRecordOf));
  }

  async saveEgress(rolloutId: string, { allowed, denied, denials }: EgressRecord): Promise<void> {
    const fence = this.#fence(rolloutId);
    const values = { allowed, denied, denials_json: JSON.stringify(denials) };
    await this.#written(rolloutId, fence, () =>
      this.#db
        .insertInto("egress")
        .columns(["rollout_id", "allowed", "denied", "denials_json"])
        .expression(
          this.#db
            .selectNoFrom((column) => [
              column.val(rolloutId).as("rollout_id"),
              column.cast<number>(column.val(allowed), "integer").as("allowed"),
              column.cast<number>(column.val(denied), "integer").as("denied"),
              column.val(values.denials_json).as("denials_json"),
            ])
            .where((column) => held(column, rolloutId, fence)),
        )
        .onConflict((conflict) => conflict.column("rollout_id").doUpdateSet(values))
        .executeTakeFirst(),
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
    const fence = this.#fence(rolloutId);
    await this.#written(rolloutId, fence, () =>
      this.#db
        .insertInto("change_sets")
        .columns(["rollout_id", "json"])
        .expression(
          this.#db
            .selectNoFrom((column) => [
              column.val(rolloutId).as("rollout_id"),
              column.val(JSON.stringify(changes)).as("json"),
            ])
            .where((column) => held(column, rolloutId, fence)),
        )
        .onConflict((conflict) => conflict.column("rollout_id").doNothing())
        .executeTakeFirst(),
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
    const fence = this.#fence(rolloutId);
    await this.#written(rolloutId, fence, () =>
      this.#db
        .updateTable("rollouts")
        .set({ verdict_json: JSON.stringify(verdict) })
        .where("id", "=", rolloutId)
        .where("verdict_json", "is", null)
        .where((eb) => stands(eb, fence))
        .executeTakeFirst(),
    );
    return this.#access(async () => {
      const { verdict_json: stored } = await this.#db
        .selectFrom("rollouts")
        .select("verdict_json")
        .where("id", "=", rolloutId)
        .executeTakeFirstOrThrow();
      return verdictSchema.parse(JSON.parse(stored ?? "null"));
    });
  }

  async recordIntent({ id, ...intent }: SandboxIntent, rolloutId?: string): Promise<void> {
    const fence = rolloutId === undefined ? undefined : this.#fence(rolloutId);
    const values = { ...intent, controller_id: this.#fences?.controller ?? null };
    const written = async () =>
      this.#db
        .insertInto("sandbox_intents")
        .columns(["id", "provider", "purpose", "incarnation", "controller_id"])
        .expression(
          this.#db
            .selectNoFrom((column) => [
              column.val(id).as("id"),
              column.val(intent.provider).as("provider"),
              column.val(intent.purpose).as("purpose"),
              column.val(intent.incarnation).as("incarnation"),
              column.val(values.controller_id).as("controller_id"),
            ])
            .where((column) => held(column, rolloutId ?? "", fence)),
        )
        .onConflict((conflict) => conflict.column("id").doUpdateSet(values))
        .executeTakeFirst();
    await this.#written(rolloutId ?? "", fence, written);
  }

  async forgetIntent(sandboxId: string): Promise<void> {
    await this.#access(() => this.#db.deleteFrom("sandbox_intents").where("id", "=", sandboxId).execute());
  }

  async intents({ purposes }: { purposes?: readonly string[] } = {}): Promise<HeldIntent[]> {
    const all = this.#db
      .selectFrom("sandbox_intents")
      .select(["id", "provider", "purpose", "incarnation", "controller_id as controller"])
      .orderBy("id");
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

  async place(): Promise<string | undefined> {
    const query = this.#db.selectFrom("installation").select("value").where("key", "=", "place");
    return (await this.#access(() => query.executeTakeFirst()))?.value;
  }

  async setPlace(value: string): Promise<void> {
    await this.#access(() =>
      this.#db
        .insertInto("installation")
        .values({ key: "place", value })
        .onConflict((conflict) => conflict.column("key").doUpdateSet({ value }))
        .execute(),
    );
  }

  async close(): Promise<void> {
    await this.#db.destroy();
  }

  #fence(rolloutId: string): Fence {
    return this.#fences && { claim: this.#fences.of(rolloutId) };
  }

  /** Gives how many rows were written; when none was, why not. @throws BerthError `fenced` */
  async #written(
    rolloutId: string,
    fence: Fence,
    write: () => Promise<{ numUpdatedRows?: bigint; numInsertedOrUpdatedRows?: bigint | undefined }>,
  ): Promise<number> {
    const { numUpdatedRows, numInsertedOrUpdatedRows } = await this.#access(write);
    const rows = Number(numUpdatedRows ?? numInsertedOrUpdatedRows ?? 0n);
    if (rows === 0) await this.#assertStands(rolloutId, fence);
    return rows;
  }

  /** Asked only when nothing was written, which has other reasons, too. @throws BerthError `fenced` */
  async #assertStands(rolloutId: string, fence: Fence): Promise<void> {
    if (fence === undefined) return;
    const row = await this.#access(() =>
      this.#db
        .selectFrom("rollouts")
        .select("id")
        .where("id", "=", rolloutId)
        .where((eb) => stands(eb, fence))
        .executeTakeFirst(),
    );
    if (row) return;
    this.#fences?.lost(rolloutId);
    throw fencedOff(rolloutId);
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

/** Of the row of a rollout: whether the claim on it is the one that a write rests on. */
function stands(eb: ExpressionBuilder<Tables, "rollouts">, fence: Fence) {
  if (fence === undefined) return eb.lit(true);
  const { claim } = fence;
  if (claim === undefined) return eb("rollouts.status", "in", terminalStatuses);
  return eb.and([eb("rollouts.controller_id", "=", claim.controller), eb("rollouts.epoch", "=", claim.epoch)]);
}

/** The same of another table's write about a rollout: text that is quickly made, for the way of a tool call. */
function held(eb: Pick<ExpressionBuilder<Tables, never>, "lit">, id: string, fence: Fence): Expression<SqlBool> {
  if (fence === undefined) return eb.lit(true);
  const { claim } = fence;
  if (claim === undefined)
    return sql<SqlBool>`exists (select 1 from rollouts where id = ${id} and status in (${sql.join(terminalStatuses)}))`;
  const { controller, epoch } = claim;
  return sql<SqlBool>`exists (select 1 from rollouts where id = ${id} and controller_id = ${controller} and epoch = ${epoch})`;
}
