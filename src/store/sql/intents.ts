import type { HeldIntent, SandboxIntent, Store } from "../store.ts";
import { held, type SqlAccess } from "./access.ts";

/** Sandboxes that were asked for. */
export function sqlIntents({
  access,
  db,
  fenceOf,
  fences,
  writeFenced,
}: SqlAccess): Pick<Store, "recordIntent" | "forgetIntent" | "intents"> {
  return {
    async recordIntent({ id, ...intent }: SandboxIntent, rolloutId?: string): Promise<void> {
      const fence = rolloutId === undefined ? undefined : fenceOf(rolloutId);
      const values = { ...intent, controller_id: fences?.controller ?? null };
      const written = async () =>
        db
          .insertInto("sandbox_intents")
          .columns(["id", "provider", "purpose", "incarnation", "controller_id"])
          .expression(
            db
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
      await writeFenced(rolloutId ?? "", fence, written);
    },

    async forgetIntent(sandboxId: string): Promise<void> {
      await access(() => db.deleteFrom("sandbox_intents").where("id", "=", sandboxId).execute());
    },

    async intents({ purposes }: { purposes?: readonly string[] } = {}): Promise<HeldIntent[]> {
      const all = db
        .selectFrom("sandbox_intents")
        .select(["id", "provider", "purpose", "incarnation", "controller_id as controller"])
        .orderBy("id");
      return access(() => (purposes ? all.where("purpose", "in", purposes) : all).execute());
    },
  };
}
