import { sql, type Kysely } from "kysely";
import { DEFAULT_MIGRATION_TABLE, Migrator, type Migration } from "kysely/migration";
import { crashPoint } from "../../core/crash-point.ts";
import { BerthError } from "../../core/errors.ts";
import type { Tables } from "../sql/schema.ts";
import * as rollouts from "./0001-rollouts.ts";
import * as egress from "./0002-egress.ts";
import * as ended from "./0003-ended.ts";
import * as controllers from "./0004-controllers.ts";
import * as audit from "./0005-audit.ts";
import * as regradings from "./0006-regradings.ts";

/** In their order, for every database alike. Forwards only: a database of a later version is refused, never changed back. */
export const migrations = {
  "0001-rollouts": rollouts,
  "0002-egress": egress,
  "0003-ended": ended,
  "0004-controllers": controllers,
  "0005-audit": audit,
  "0006-regradings": regradings,
};

/**
 * Makes the tables of this version. Where several controllers do so at the same time, each waits for the one before it,
 * and each migration is carried out once. @throws BerthError `storage_failed`
 */
export async function migrate(db: Kysely<Tables>): Promise<void> {
  const later = (await carriedOut(db)).filter((name) => !(name in migrations));
  if (later.length > 0) {
    throw new BerthError("storage_failed", `The database is of a later version of Berth: it has ${later.join(", ")}.`, {
      remedy: "Start that version, or name another database.",
    });
  }
  const migrator = new Migrator({ db, provider: { getMigrations: async () => passing(migrations) } });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  if (error instanceof BerthError) throw error;
  const message = "The database could not be brought to this version's tables.";
  throw new BerthError("storage_failed", message, { cause: error });
}

async function carriedOut(db: Kysely<Tables>): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === DEFAULT_MIGRATION_TABLE)) return [];
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(DEFAULT_MIGRATION_TABLE)}`.execute(db);
  return rows.map(({ name }) => name);
}

/** Its tables are made, and that they are is not recorded yet. */
const passing = (all: Readonly<Record<string, Migration>>): Record<string, Migration> =>
  Object.fromEntries(
    Object.entries(all).map(([name, migration]) => [
      name,
      { up: (db) => migration.up(db).then(() => crashPoint("store.migrating")) } satisfies Migration,
    ]),
  );
