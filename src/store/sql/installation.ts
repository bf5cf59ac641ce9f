import type { Store } from "../store.ts";
import type { SqlAccess } from "./access.ts";

/** What is kept of the installation itself. */
export function sqlInstallation({
  access,
  db,
}: SqlAccess): Pick<Store, "installationId" | "rolloutKeySecret" | "place" | "setPlace"> {
  const firstProposed = (key: string, proposed: string): Promise<string> =>
    access(async () => {
      await db
        .insertInto("installation")
        .values({ key, value: proposed })
        .onConflict((conflict) => conflict.column("key").doNothing())
        .execute();
      const found = db.selectFrom("installation").select("value").where("key", "=", key);
      return (await found.executeTakeFirstOrThrow()).value;
    });
  return {
    installationId: (proposed) => firstProposed("id", proposed),
    rolloutKeySecret: (proposed) => firstProposed("rollout_key_secret", proposed),

    async place(): Promise<string | undefined> {
      const query = db.selectFrom("installation").select("value").where("key", "=", "place");
      return (await access(() => query.executeTakeFirst()))?.value;
    },

    async setPlace(value: string): Promise<void> {
      await access(() =>
        db
          .insertInto("installation")
          .values({ key: "place", value })
          .onConflict((conflict) => conflict.column("key").doUpdateSet({ value }))
          .execute(),
      );
    },
  };
}
