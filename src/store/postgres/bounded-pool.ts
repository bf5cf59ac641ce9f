import { Socket } from "node:net";
import type { PostgresPool, PostgresPoolClient } from "kysely";
import { Pool, TypeOverrides, types, type ClientConfig, type PoolClient } from "pg";
import { withDeadline } from "../../core/deadline.ts";
import { BerthError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { PostgresLimits } from "./limits.ts";
import { serverOf, sessionUrl } from "./url.ts";

const UNREACHABLE = "Check that PostgreSQL runs where store_url says and lets this user in.";

/**
 * The connections to one database, each of which is durable (`synchronous_commit` is on) and none of which is waited for
 * longer than the limits say. One that is lost, or does not answer in time, is thrown away and the next caller gets a new one.
 */
export class BoundedPool implements PostgresPool {
  /** What Kysely would make connections of its own with. */
  readonly options = {};
  readonly #pool: Pool;
  readonly #server: string;
  readonly #limits: PostgresLimits;
  readonly #sockets = new Set<Socket>();

  constructor(url: string, limits: PostgresLimits, log: Logger) {
    this.#server = serverOf(url);
    this.#limits = limits;
    this.#pool = new Pool({
      connectionString: sessionUrl(url),
      application_name: "berth",
      types: numbersForCounts(),
      max: limits.connections,
      connectionTimeoutMillis: limits.connectMs,
      statement_timeout: limits.statementMs,
      lock_timeout: limits.lockMs,
      idle_in_transaction_session_timeout: limits.answerMs,
      keepAlive: true,
      stream: () => this.#socket(),
    });
    // Without listeners, a connection that is lost would end the process: the pool listens to those that wait, not to those in use.
    const onLost = (error: Error) => log.warn({ reason: error.message }, "a connection to PostgreSQL was lost");
    this.#pool.on("error", () => {});
    this.#pool.on("connect", (client) => client.on("error", onLost));
  }

  /** @throws BerthError `storage_failed` naming the server, never the user's password */
  async connect(): Promise<PostgresPoolClient> {
    try {
      return boundedClient(await this.#pool.connect(), this.#limits.answerMs);
    } catch (error) {
      const message = `PostgreSQL at ${this.#server} gives no connection: ${reasonOf(error)}.`;
      throw new BerthError("storage_failed", message, { remedy: UNREACHABLE, cause: error });
    }
  }

  /** Resolves when every connection is closed; what the server does not close in time is cut off, with what it was asked. */
  async end(): Promise<void> {
    const cutOff = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, this.#limits.closeMs);
    try {
      await this.#pool.end();
      // The pool does not wait for its sockets, and one that is left open would keep the process.
      await Promise.all([...this.#sockets].map((socket) => new Promise((resolve) => socket.once("close", resolve))));
    } finally {
      clearTimeout(cutOff);
    }
  }

  #socket(): Socket {
    const socket = new Socket();
    this.#sockets.add(socket);
    return socket.once("close", () => this.#sockets.delete(socket));
  }
}

/** A client of the pool that no statement holds for longer than `answerMs`; results are not streamed. */
function boundedClient(client: PoolClient, answerMs: number): PostgresPoolClient {
  let silent = false;
  const query = async (sql: string, parameters: readonly unknown[] = []) => {
    let answered = false;
    const ask = () => client.query(sql, [...parameters]).finally(() => (answered = true));
    try {
      return await withDeadline("asking PostgreSQL", answerMs, ask, { code: "storage_failed" });
    } finally {
      silent ||= !answered;
    }
  };
  return {
    query: query as unknown as PostgresPoolClient["query"],
    release: (discard) => client.release(silent || discard),
  };
}

/** PostgreSQL counts in 64 bits, which its client gives as text; nothing that is counted here comes near 2^53. */
function numbersForCounts(): ClientConfig["types"] {
  const overrides = new TypeOverrides();
  overrides.setTypeParser(types.builtins.INT8, Number);
  return overrides;
}

/** A name with several addresses fails with an error for each and no message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(reasonOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}
