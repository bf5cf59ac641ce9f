import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { Kysely, sql } from "kysely";
import { systemClock, type Clock } from "../../core/clock.ts";
import { crashPoint } from "../../core/crash-point.ts";
import { toBerthError } from "../../core/errors.ts";
import { migrate } from "../migrations/migrate.ts";
import type { Tables } from "../sql/schema.ts";
import { sqlStore } from "../sql/store.ts";
import type { Store } from "../store.ts";
import { groupedDialect } from "./grouped-dialect.ts";
import { sqliteDialect } from "./node-sqlite.ts";

/** One file; one controller at a time. `:memory:` for tests. @throws BerthError `storage_failed` */
export async function openSqliteStore(
  file: string,
  { clock = systemClock }: { clock?: Pick<Clock, "now"> } = {},
): Promise<Store> {
  const now = () => sql.val(clock.now());
  if (file !== ":memory:") await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const migrated = new Kysely<Tables>({ dialect: sqliteDialect(file) });
  try {
    await migrate(migrated);
    crashPoint("store.opened");
  } catch (error) {
    await migrated.destroy().catch(() => undefined);
    throw toBerthError(error, "storage_failed");
  }
  if (file === ":memory:") return sqlStore(migrated, now);
  await migrated.destroy();
  const grouped = new Kysely<Tables>({ dialect: groupedDialect(file) });
  // Kysely opens with the first query, and what it has not opened it does not refuse after it was closed.
  await grouped.connection().execute(async () => {});
  return sqlStore(grouped, now);
}
