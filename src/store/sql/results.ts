import { z } from "zod";
import { BerthError } from "../../core/errors.ts";
import { changeSet as changeSetSchema, type ChangeSet } from "../../model/change-set.ts";
import { egressRecord, type EgressRecord } from "../../model/egress.ts";
import { regrading as regradingSchema, type Regrading } from "../../model/regrading.ts";
import { verdict as verdictSchema, type Verdict } from "../../model/verdict.ts";
import type { Store } from "../store.ts";
import { held, stands, type SqlAccess } from "./access.ts";
import { verdictColumns } from "./rows.ts";

/** What is kept of a rollout besides its calls: egress, change set, verdict, regradings. */
export function sqlResults({
  access,
  db,
  fenceOf,
  writeFenced,
}: SqlAccess): Pick<
  Store,
  "saveEgress" | "egress" | "saveChangeSet" | "changeSet" | "saveVerdict" | "answer" | "addRegrading" | "regradings"
> {
  return {
    async saveEgress(rolloutId: string, { allowed, denied, denials }: EgressRecord): Promise<void> {
      const fence = fenceOf(rolloutId);
      const values = { allowed, denied, denials_json: JSON.stringify(denials) };
      await writeFenced(rolloutId, fence, () =>
        db
          .insertInto("egress")
          .columns(["rollout_id", "allowed", "denied", "denials_json"])
          .expression(
            db
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
    },

    async egress(rolloutId: string): Promise<EgressRecord> {
      return access(async () => {
        const row = await db.selectFrom("egress").selectAll().where("rollout_id", "=", rolloutId).executeTakeFirst();
        if (!row) return { allowed: 0, denied: 0, denials: [] };
        const denials: unknown = JSON.parse(row.denials_json);
        return egressRecord.parse({ allowed: row.allowed, denied: row.denied, denials });
      });
    },

    async saveChangeSet(rolloutId: string, changes: ChangeSet): Promise<void> {
      const fence = fenceOf(rolloutId);
      await writeFenced(rolloutId, fence, () =>
        db
          .insertInto("change_sets")
          .columns(["rollout_id", "json"])
          .expression(
            db
              .selectNoFrom((column) => [
                column.val(rolloutId).as("rollout_id"),
                column.val(JSON.stringify(changes)).as("json"),
              ])
              .where((column) => held(column, rolloutId, fence)),
          )
          .onConflict((conflict) => conflict.column("rollout_id").doNothing())
          .executeTakeFirst(),
      );
    },

    async changeSet(rolloutId: string): Promise<ChangeSet | undefined> {
      return access(async () => {
        const row = await db
          .selectFrom("change_sets")
          .select("json")
          .where("rollout_id", "=", rolloutId)
          .executeTakeFirst();
        return row && changeSetSchema.parse(JSON.parse(row.json));
      });
    },

    async saveVerdict(rolloutId: string, verdict: Verdict, answer?: string): Promise<Verdict> {
      const fence = fenceOf(rolloutId);
      await writeFenced(rolloutId, fence, () =>
        db
          .updateTable("rollouts")
          .set({ ...verdictColumns(verdict), answer_json: answer === undefined ? null : JSON.stringify(answer) })
          .where("id", "=", rolloutId)
          .where("verdict_json", "is", null)
          .where((eb) => stands(eb, fence))
          .executeTakeFirst(),
      );
      return access(async () => {
        const { verdict_json: stored } = await db
          .selectFrom("rollouts")
          .select("verdict_json")
          .where("id", "=", rolloutId)
          .executeTakeFirstOrThrow();
        return verdictSchema.parse(JSON.parse(stored ?? "null"));
      });
    },

    async answer(rolloutId: string): Promise<string | undefined> {
      const query = db.selectFrom("rollouts").select("answer_json").where("id", "=", rolloutId);
      const json = (await access(() => query.executeTakeFirst()))?.answer_json ?? null;
      return json === null ? undefined : z.string().parse(JSON.parse(json));
    },

    async addRegrading(rolloutId: string, regrading: Regrading): Promise<void> {
      const fence = fenceOf(rolloutId);
      const written = await writeFenced(rolloutId, fence, () =>
        db
          .insertInto("regradings")
          .columns(["rollout_id", "id", "graded_at", "json"])
          .expression(
            db
              .selectNoFrom((column) => [
                column.val(rolloutId).as("rollout_id"),
                column.val(regrading.regrading_id).as("id"),
                column.val(regrading.graded_at).as("graded_at"),
                column.val(JSON.stringify(regrading)).as("json"),
              ])
              .where((column) => held(column, rolloutId, fence)),
          )
          .executeTakeFirst(),
      );
      if (written === 0) throw new BerthError("storage_failed", `The regrading of ${rolloutId} could not be written.`);
    },

    async regradings(rolloutId: string): Promise<Regrading[]> {
      const rows = db
        .selectFrom("regradings")
        .select("json")
        .where("rollout_id", "=", rolloutId)
        .orderBy("graded_at")
        .orderBy("id");
      return access(async () => (await rows.execute()).map(({ json }) => regradingSchema.parse(JSON.parse(json))));
    },
  };
}
