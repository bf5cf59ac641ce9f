import { environment as environmentSchema } from "../../model/environment.ts";
import type { Store, StoredEnvironment } from "../store.ts";
import type { SqlAccess } from "./access.ts";

export const storedEnvironment = (row: { json: string; base_dir: string | null }): StoredEnvironment => ({
  environment: environmentSchema.parse(JSON.parse(row.json)),
  baseDir: row.base_dir,
});

/** Environments, by name. */
export function sqlEnvironments({
  access,
  db,
}: SqlAccess): Pick<Store, "registerEnvironment" | "environment" | "environments"> {
  return {
    async registerEnvironment({ environment, baseDir }: StoredEnvironment): Promise<void> {
      const values = { json: JSON.stringify(environment), base_dir: baseDir, registered_at: new Date().toISOString() };
      await access(() =>
        db
          .insertInto("environments")
          .values({ name: environment.name, ...values })
          .onConflict((conflict) => conflict.column("name").doUpdateSet(values))
          .execute(),
      );
    },

    async environment(name: string): Promise<StoredEnvironment | undefined> {
      return access(async () => {
        const row = await db.selectFrom("environments").selectAll().where("name", "=", name).executeTakeFirst();
        return row && storedEnvironment(row);
      });
    },

    async environments(): Promise<StoredEnvironment[]> {
      return access(async () => {
        const rows = await db.selectFrom("environments").selectAll().orderBy("name").execute();
        return rows.map(storedEnvironment);
      });
    },
  };
}
