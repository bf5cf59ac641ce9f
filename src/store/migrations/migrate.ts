import type { Kysely } from "kysely";
import { Migrator } from "kysely/migration";
import { BerthError } from "../../core/errors.ts";
import type { Tables } from "../schema.ts";
import * as rollouts from "./0001-rollouts.ts";
import * as egress from "./0002-egress.ts";
import * as controllers from "./0004-controllers.ts";

/** Forwards only: a database of a later version is refused, never changed back. */
const migrations = { "0001-rollouts": rollouts, "0002-egress": egress, "0004-controllers": controllers };

/** @throws BerthError `storage_failed` */
export async function migrate(db: Kysely<Tables>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) {
    throw new BerthError("storage_failed", "The database could not be brought to this version's tables.", {
      cause: error,
    });
  }
}
