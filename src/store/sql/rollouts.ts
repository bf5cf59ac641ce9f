import type { SelectQueryBuilder } from "kysely";
import { BerthError } from "../../core/errors.ts";
import { terminalStatuses, type Rollout } from "../../model/rollout.ts";
import type { Outcome } from "../../model/summary.ts";
import type { NewRollout, OutcomeQuery, RolloutPatch, RolloutQuery, Store, StoredEnvironment } from "../store.ts";
import { stands, type SqlAccess } from "./access.ts";
import { storedEnvironment } from "./environments.ts";
import { errorColumns, outcomeOf, rolloutOf, type CountedRolloutRow } from "./rows.ts";
import type { Tables } from "./schema.ts";

/** Of the controller that creates a rollout. */
const FIRST_EPOCH = 1;

/** Rollouts, each with the environment that it was created from. */
export function sqlRollouts({
  access,
  assertStands,
  db,
  fenceOf,
  fences,
}: SqlAccess): Pick<
  Store,
  "createRollout" | "rollout" | "rolloutEnvironment" | "rollouts" | "snapshotsOf" | "updateRollout" | "outcomes"
> {
  async function rollout(id: string): Promise<Rollout | undefined> {
    return access(async () => {
      const row = await withCounts(db.selectFrom("rollouts").where("id", "=", id)).executeTakeFirst();
      return row && rolloutOf(row);
    });
  }

  return {
    async createRollout(created: NewRollout): Promise<{ rollout: Rollout; created: boolean }> {
      const { environment, baseDir } = created.environment;
      // Nobody holds it yet; what is asked for is whether this process may hold anything.
      fences?.of(created.id);
      const inserted = await access(() =>
        db
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
            created_by: created.createdBy ?? null,
            ready_by: created.readyBy ?? null,
            controller_id: fences?.controller ?? null,
            epoch: FIRST_EPOCH,
          })
          .onConflict((conflict) => conflict.column("id").doNothing())
          .executeTakeFirst(),
      );
      const isNew = inserted.numInsertedOrUpdatedRows === 1n;
      if (isNew) fences?.took(created.id, { controller: fences.controller, epoch: FIRST_EPOCH });
      const stored = await rollout(created.id);
      if (!stored) throw new BerthError("storage_failed", `The rollout ${created.id} was written and cannot be read.`);
      return { rollout: stored, created: isNew };
    },

    rollout,

    async rolloutEnvironment(id: string): Promise<StoredEnvironment | undefined> {
      return access(async () => {
        const row = await db
          .selectFrom("rollouts")
          .select(["environment_json as json", "base_dir"])
          .where("id", "=", id)
          .executeTakeFirst();
        return row && storedEnvironment(row);
      });
    },

    async rollouts(query: RolloutQuery): Promise<Rollout[]> {
      let rows = db.selectFrom("rollouts");
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
      const newestFirst = withCounts(rows.orderBy("created_at", "desc").orderBy("id").limit(query.limit));
      return access(async () => (await newestFirst.execute()).map(rolloutOf));
    },

    async snapshotsOf(status: readonly Rollout["status"][]): Promise<string[]> {
      const query = db.selectFrom("rollouts").select("snapshot").distinct().where("status", "in", status);
      return access(async () => (await query.execute()).flatMap(({ snapshot }) => snapshot ?? []));
    },

    async updateRollout(id: string, { error, ...patch }: RolloutPatch): Promise<boolean> {
      const set = { ...patch, ...(error === undefined ? {} : errorColumns(error)) };
      if (Object.keys(set).length === 0) return (await rollout(id)) !== undefined;
      const fence = fenceOf(id);
      let update = db
        .updateTable("rollouts")
        .set(set)
        .where("id", "=", id)
        .where((eb) => stands(eb, fence));
      if (patch.status !== undefined) update = update.where("status", "not in", terminalStatuses);
      const { numUpdatedRows } = await access(() => update.executeTakeFirst());
      if (numUpdatedRows === 1n) return true;
      await assertStands(id, fence);
      return false;
    },

    async outcomes({ group, environment, since }: OutcomeQuery): Promise<Outcome[]> {
      const same = ["status", "verdict_status", "verdict_cause", "verdict_code"] as const;
      const errors = ["error_cause", "error_code", "error_budget"] as const;
      let query = db
        .selectFrom("rollouts")
        .select([...same, ...errors])
        .select((row) => [row.fn.countAll<number | string>().as("count"), row.fn.avg("reward").as("mean_reward")])
        .groupBy([...same, ...errors]);
      if (group !== undefined) query = query.where("group_name", "=", group);
      if (environment !== undefined) query = query.where("environment", "=", environment);
      if (since !== undefined) query = query.where("created_at", ">=", since);
      return access(async () => (await query.execute()).map(outcomeOf));
    },
  };
}

function withCounts(query: SelectQueryBuilder<Tables, "rollouts", object>) {
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
