import { sql } from "kysely";
import { BerthError } from "../../core/errors.ts";
import type { ToolOutput } from "../../model/tool-call.ts";
import type { TrajectoryRecord } from "../../model/trajectory.ts";
import type { CallReservation, Reserved, Store } from "../store.ts";
import { held, type SqlAccess } from "./access.ts";
import { trajectoryRecordOf } from "./rows.ts";
import { UNSYNCED } from "./unsynced.ts";

/** How often a call asks for its number: once, and once more for each that another controller was quicker to take. */
const MOST_NUMBERS_TRIED = 100;

/** Tool calls, at most one for each call id of a rollout. */
export function sqlCalls({
  access,
  assertStands,
  db,
  fenceOf,
  writeFenced,
}: SqlAccess): Pick<Store, "reserveCall" | "finishCall" | "markInterruptedCalls" | "markCallUnknown" | "trajectory"> {
  return {
    async reserveCall(rolloutId: string, call: CallReservation): Promise<Reserved> {
      const fence = fenceOf(rolloutId);
      return access(async (): Promise<Reserved> => {
        const insert = db
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
          const known = await db
            .selectFrom("tool_calls")
            .selectAll()
            .where("rollout_id", "=", rolloutId)
            .where("call_id", "=", call.callId)
            .executeTakeFirst();
          // One that runs elsewhere is not lost, as it would be where its controller was restarted.
          if (known?.state === "running") await assertStands(rolloutId, fence);
          if (known) return { kind: "known", record: trajectoryRecordOf(known) };
          await assertStands(rolloutId, fence);
        }
        throw new BerthError(
          "storage_failed",
          `Other controllers took every number that a call of ${rolloutId} tried.`,
        );
      });
    },

    async finishCall(rolloutId: string, callId: string, result: ToolOutput, durationMs: number): Promise<void> {
      const fence = fenceOf(rolloutId);
      await writeFenced(rolloutId, fence, () =>
        db
          .updateTable("tool_calls")
          .set({ state: "done", result_json: JSON.stringify(result), duration_ms: durationMs })
          .where("rollout_id", "=", rolloutId)
          .where("call_id", "=", callId)
          .where("state", "=", "running")
          .where((eb) => held(eb, rolloutId, fence))
          .executeTakeFirst(),
      );
    },

    async markInterruptedCalls(rolloutId: string): Promise<number> {
      const fence = fenceOf(rolloutId);
      return writeFenced(rolloutId, fence, () =>
        db
          .updateTable("tool_calls")
          .set({ state: "unknown" })
          .where("rollout_id", "=", rolloutId)
          .where("state", "=", "running")
          .where((eb) => held(eb, rolloutId, fence))
          .executeTakeFirst(),
      );
    },

    async markCallUnknown(rolloutId: string, callId: string): Promise<void> {
      const fence = fenceOf(rolloutId);
      await writeFenced(rolloutId, fence, () =>
        db
          .updateTable("tool_calls")
          .set({ state: "unknown" })
          .where("rollout_id", "=", rolloutId)
          .where("call_id", "=", callId)
          .where("state", "=", "running")
          .where((eb) => held(eb, rolloutId, fence))
          .executeTakeFirst(),
      );
    },

    async trajectory(rolloutId: string): Promise<TrajectoryRecord[]> {
      const records = db.selectFrom("tool_calls").selectAll().where("rollout_id", "=", rolloutId).orderBy("seq");
      return access(async () => (await records.execute()).map(trajectoryRecordOf));
    },
  };
}
