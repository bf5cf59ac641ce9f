import { Kysely, PostgresDialect, sql } from "kysely";
import { withDeadline } from "../../core/deadline.ts";
import { toBerthError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { Fences } from "../leases.ts";
import { migrate } from "../migrations/migrate.ts";
import type { Tables } from "../schema.ts";
import { SqlStore } from "../sql-store.ts";
import type { CallReservation, Reserved, RolloutPatch, SandboxIntent, Store } from "../store.ts";
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

/** Leases end by the server's clock, whose time at a statement's start is the same for the whole of it. */
const now = () => sql<number>`(extract(epoch from statement_timestamp()) * 1000)::bigint`;

/**
 * What is written about one rollout is written in turns: several connections would carry it out in any order, and calls
 * that are reserved at the same time would number themselves alike, so that all but one would have to begin again.
 */
class PostgresStore extends SqlStore {
  readonly #kysely: Kysely<Tables>;
  readonly #turns = new Turns();
  readonly #turnMs: number;

  constructor(db: Kysely<Tables>, turnMs: number, fences?: Fences) {
    super(db, now, fences);
    this.#kysely = db;
    this.#turnMs = turnMs;
  }

  override fencedBy(fences: Fences): Store {
    return new PostgresStore(this.#kysely, this.#turnMs, fences);
  }

  override reserveCall(rolloutId: string, call: CallReservation): Promise<Reserved> {
    return this.#inTurn(rolloutId, "reserving a tool call", () => super.reserveCall(rolloutId, call));
  }

  override updateRollout(id: string, patch: RolloutPatch): Promise<boolean> {
    return this.#inTurn(id, "writing to a rollout", () => super.updateRollout(id, patch));
  }

  override recordIntent(intent: SandboxIntent, rolloutId?: string): Promise<void> {
    return this.#inTurn(intent.purpose, "recording a sandbox", () => super.recordIntent(intent, rolloutId));
  }

  #inTurn<T>(rolloutId: string, what: string, work: () => Promise<T>): Promise<T> {
    const inTurn = (signal: AbortSignal) =>
      this.#turns.take(rolloutId, async () => {
        signal.throwIfAborted();
        return await work();
      });
    return withDeadline(what, this.#turnMs, inTurn, { code: "storage_failed" });
  }
}
