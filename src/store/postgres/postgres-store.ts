import { Kysely, PostgresDialect } from "kysely";
import { withDeadline } from "../../core/deadline.ts";
import { toBerthError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { migrate } from "../migrations/migrate.ts";
import type { Tables } from "../schema.ts";
import { SqlStore } from "../sql-store.ts";
import type { CallReservation, Reserved, Store } from "../store.ts";
import { BoundedPool } from "./bounded-pool.ts";
import { migrationLimits, ordinaryLimits, type PostgresLimits } from "./limits.ts";
import { Turns } from "./turns.ts";

export interface PostgresStoreOptions {
  readonly log: Logger;
  readonly limits?: PostgresLimits;
}

/**
 * One database, which several controllers may use at the same time: the first that opens it makes its tables, the
 * others wait. `url` is one that the setting `store_url` takes. @throws BerthError `storage_failed`
 */
export async function openPostgresStore(url: string, options: PostgresStoreOptions): Promise<Store> {
  const { log, limits = ordinaryLimits } = options;
  const connected = (to: PostgresLimits) =>
    new Kysely<Tables>({ dialect: new PostgresDialect({ pool: new BoundedPool(url, to, log) }) });
  const migrated = connected({ ...migrationLimits, connectMs: limits.connectMs, closeMs: limits.closeMs });
  try {
    await migrate(migrated);
  } catch (error) {
    throw toBerthError(error, "storage_failed");
  } finally {
    await migrated.destroy();
  }
  const db = connected(limits);
  // Kysely opens with the first query, and what it has not opened it does not refuse after it was closed.
  await db.connection().execute(async () => {});
  return new PostgresStore(db, limits.connectMs + limits.answerMs);
}

class PostgresStore extends SqlStore {
  readonly #turns = new Turns();
  readonly #reserveMs: number;

  constructor(db: Kysely<Tables>, reserveMs: number) {
    super(db);
    this.#reserveMs = reserveMs;
  }

  /** Calls of one rollout take turns: reserved at the same time they would number themselves alike, and all but one would have to begin again. */
  override reserveCall(rolloutId: string, call: CallReservation): Promise<Reserved> {
    const reserve = (signal: AbortSignal) =>
      this.#turns.take(rolloutId, async () => {
        signal.throwIfAborted();
        return await super.reserveCall(rolloutId, call);
      });
    return withDeadline("reserving a tool call", this.#reserveMs, reserve, { code: "storage_failed" });
  }
}
