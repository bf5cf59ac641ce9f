import { Kysely, PostgresDialect, sql } from "kysely";
import { withDeadline } from "../../core/deadline.ts";
import { toBerthError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { Fences, Leases } from "../leases.ts";
import { migrate } from "../migrations/migrate.ts";
import { sqlAccess } from "../sql/access.ts";
import { SqlLeases } from "../sql/leases.ts";
import type { Tables } from "../sql/schema.ts";
import { sqlStore } from "../sql/store.ts";
import type { Store } from "../store.ts";
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
  // Thousands of requests may wait for the others, and a controller that cannot prolong its lease meanwhile would lose all that it holds.
  const ofLeases = connected({ ...limits, connections: 1 });
  return postgresStore({ db, ofLeases, turnMs: limits.connectMs + limits.answerMs });
}

interface Connections {
  readonly db: Kysely<Tables>;
  /** For nothing but the leases of processes. */
  readonly ofLeases: Kysely<Tables>;
  readonly turnMs: number;
}

/** Leases end by the server's clock, whose time at a statement's start is the same for the whole of it. */
const now = () => sql<number>`(extract(epoch from statement_timestamp()) * 1000)::bigint`;

/**
 * What is written about one rollout is written in turns: several connections would carry it out in any order, and calls
 * that are reserved at the same time would number themselves alike, so that all but one would have to begin again.
 */
function postgresStore(connections: Connections, fences?: Fences): Store {
  const { db, ofLeases, turnMs } = connections;
  const store = sqlStore(db, now, fences);
  const turns = new Turns();
  const inTurn = <T>(rolloutId: string, what: string, work: () => Promise<T>): Promise<T> => {
    const taken = (signal: AbortSignal) =>
      turns.take(rolloutId, async () => {
        signal.throwIfAborted();
        return await work();
      });
    return withDeadline(what, turnMs, taken, { code: "storage_failed" });
  };
  return {
    ...store,
    leases: withOwnConnection(store.leases, new SqlLeases(ofLeases, now, sqlAccess(ofLeases, undefined).access)),
    fencedBy: (others) => postgresStore(connections, others),
    reserveCall: (rolloutId, call) =>
      inTurn(rolloutId, "reserving a tool call", () => store.reserveCall(rolloutId, call)),
    updateRollout: (id, patch) => inTurn(id, "writing to a rollout", () => store.updateRollout(id, patch)),
    recordIntent: (intent, rolloutId) =>
      inTurn(intent.purpose, "recording a sandbox", () => store.recordIntent(intent, rolloutId)),
    close: async () => void (await Promise.all([store.close(), ofLeases.destroy()])),
  };
}

/** A process's own lease over `own`, who holds which rollout over `shared`. */
const withOwnConnection = (shared: Leases, own: Leases): Leases => ({
  renew: (holder, leaseMs) => own.renew(holder, leaseMs),
  release: (id) => own.release(id),
  releaseControllers: () => own.releaseControllers(),
  live: () => shared.live(),
  claim: (rolloutId, controller) => shared.claim(rolloutId, controller),
  giveBack: (rolloutId, claim) => shared.giveBack(rolloutId, claim),
  holder: (rolloutId) => shared.holder(rolloutId),
  free: (limit, orOf) => shared.free(limit, orOf),
});
