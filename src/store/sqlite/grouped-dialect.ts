import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import {
  SelectQueryNode,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
} from "kysely";
import { withDeadline } from "../../core/deadline.ts";
import { CommitQueue } from "./commit-queue.ts";
import { openDatabase } from "./open-database.ts";

/** For one write, the commit before it included. */
const WRITE_DEADLINE_MS = 30_000;

/**
 * A database file with its tables: queries are answered by a connection of this thread, which waits for no writer;
 * everything else is one durable write each, committed together with whatever else is asked for at the same time. There
 * are no transactions of several statements.
 */
export const groupedDialect = (file: string): Dialect => ({
  createAdapter: () => new ManyAtOnce(),
  createDriver: () => new GroupedDriver(file),
  createIntrospector: (db) => new SqliteIntrospector(db),
  createQueryCompiler: () => new SqliteQueryCompiler(),
});

/** Else Kysely would let one write wait for the other's commit. */
class ManyAtOnce extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

class GroupedDriver implements Driver {
  readonly #file: string;
  #connection: GroupedConnection | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  async init(): Promise<void> {
    this.#connection = new GroupedConnection(
      openDatabase(this.#file, { readOnly: true }),
      CommitQueue.open(this.#file),
    );
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    if (!this.#connection) throw new Error("The database is not open.");
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {}

  beginTransaction = refuseTransaction;
  commitTransaction = refuseTransaction;
  rollbackTransaction = refuseTransaction;

  async destroy(): Promise<void> {
    await this.#connection?.close();
  }
}

async function refuseTransaction(): Promise<void> {
  throw new Error("A write is one statement here.");
}

class GroupedConnection implements DatabaseConnection {
  readonly #reader: DatabaseSync;
  readonly #writer: CommitQueue;

  constructor(reader: DatabaseSync, writer: CommitQueue) {
    this.#reader = reader;
    this.#writer = writer;
  }

  async executeQuery<R>({ query, sql, parameters: given }: CompiledQuery): Promise<QueryResult<R>> {
    const parameters = given as readonly SQLInputValue[];
    if (SelectQueryNode.is(query)) return { rows: this.#reader.prepare(sql).all(...parameters) as R[] };
    const { rows, changes } = await withDeadline(
      "writing to the database",
      WRITE_DEADLINE_MS,
      (signal) => this.#writer.write({ sql, parameters }, signal),
      { code: "storage_failed" },
    );
    return { rows: rows as R[], numAffectedRows: changes };
  }

  // oxlint-disable-next-line require-yield
  async *streamQuery(): AsyncIterableIterator<never> {
    throw new Error("Results are not streamed.");
  }

  /** The writer comes last: whoever closes a file last brings its log into it. */
  async close(): Promise<void> {
    this.#reader.close();
    await this.#writer.close();
  }
}
