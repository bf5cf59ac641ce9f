import type { Kysely } from "kysely";
import { Migrator, type Migration } from "kysely/migration";
import { crashPoint } from "../../core/crash-point.ts";
import { BerthError } from "../../core/errors.ts";
import type { Tables } from "../schema.ts";
import * as rollouts from "./0001-rollouts.ts";
import * as egress from "./0002-egress.ts";

/** Forwards only: a database of a later version is refused, never changed back. */
const migrations = { "0001-rollouts": rollouts, "0002-egress": egress };

/** @throws BerthError `storage_failed` */
export async function migrate(db: Kysely<Tables>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => passing(migrations) } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) {
    throw new BerthError("storage_failed", "The database could not be brought to this version's tables.", {
      cause: error,
    });
  }
}

/** Its tables are made, and that they are is not recorded yet. */
const passing = (all: Readonly<Record<string, Migration>>): Record<string, Migration> =>
  Object.fromEntries(
    Object.entries(all).map(([name, { up }]) => [
      name,
      { up: (db) => up(db).then(() => crashPoint("store.migrating")) } satisfies Migration,
    ]),
  );
