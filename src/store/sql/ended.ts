import { terminalStatuses } from "../../model/rollout.ts";
import type { Store } from "../store.ts";
import type { SqlAccess } from "./access.ts";

/** Rollouts that ended long ago. */
export function sqlEnded({ access, db }: SqlAccess): Pick<Store, "countEndedBefore" | "removeEndedBefore"> {
  const endedBefore = (time: string) =>
    db.selectFrom("rollouts").where("ended_at", "<", time).where("status", "in", terminalStatuses);

  return {
    async countEndedBefore(time: string): Promise<number> {
      const ended = endedBefore(time).select((column) => column.fn.countAll<number>().as("n"));
      return access(async () => (await ended.executeTakeFirstOrThrow()).n);
    },

    async removeEndedBefore(time: string, most: number): Promise<number> {
      return access(async () => {
        const ended = endedBefore(time).select("id").orderBy("ended_at").orderBy("id").limit(most);
        const ids = (await ended.execute()).map(({ id }) => id);
        if (ids.length === 0) return 0;
        for (const table of ["tool_calls", "change_sets", "egress", "regradings"] as const)
          await db.deleteFrom(table).where("rollout_id", "in", ids).execute();
        await db.deleteFrom("rollouts").where("id", "in", ids).execute();
        return ids.length;
      });
    },
  };
}
