import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { SqliteAdapter, SqliteDialect, type SqliteDatabase } from "kysely";
import { openDatabase } from "./open-database.ts";

/** Node's own SQLite in the shape that Kysely's dialect expects, on one connection; no native module is built. */
export function sqliteDialect(file: string): SqliteDialect {
  return new WholeMigrations({ database: async () => shaped(openDatabase(file)) });
}

/** SQLite undoes the making of tables with the rest of a transaction: of migrations that a crash cut off, nothing is there. */
class WholeMigrations extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new (class extends SqliteAdapter {
      override get supportsTransactionalDdl(): boolean {
        return true;
      }
    })();
  }
}

/** Prepared statements that are kept; the store has some dozen texts. */
const MOST_PREPARED = 200;

function shaped(database: DatabaseSync): SqliteDatabase {
  const prepared = new Map<string, ReturnType<SqliteDatabase["prepare"]>>();
  return {
    close: () => database.close(),
    prepare: (query) => {
      const known = prepared.get(query);
      if (known) return known;
      if (prepared.size >= MOST_PREPARED) prepared.clear();
      const statement = shapedStatement(database.prepare(query));
      prepared.set(query, statement);
      return statement;
    },
  };
}

function shapedStatement(statement: StatementSync): ReturnType<SqliteDatabase["prepare"]> {
  const values = (parameters: readonly unknown[]) => parameters as SQLInputValue[];
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...values(parameters)),
    run: (parameters) => statement.run(...values(parameters)),
    iterate: (parameters) => statement.iterate(...values(parameters)) as IterableIterator<unknown>,
  };
}
