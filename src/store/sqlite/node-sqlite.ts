import type { DatabaseSync, SQLInputValue } from "node:sqlite";
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

const shaped = (database: DatabaseSync): SqliteDatabase => ({
  close: () => database.close(),
  prepare: (query) => {
    const statement = database.prepare(query);
    const values = (parameters: readonly unknown[]) => parameters as SQLInputValue[];
    return {
      reader: statement.columns().length > 0,
      all: (parameters) => statement.all(...values(parameters)),
      run: (parameters) => statement.run(...values(parameters)),
      iterate: (parameters) => statement.iterate(...values(parameters)) as IterableIterator<unknown>,
    };
  },
});
