import { newDatabase } from "../support/postgres-database.ts";

/** What PostgreSQL counted of one database. */
export interface Records {
  /** Table → rows that are there. */
  readonly rows: Readonly<Record<string, number>>;
  /** Inserted, updated and deleted. */
  readonly rowWrites: number;
  readonly commits: number;
  readonly megabytes: number;
}

/** A database of its own in the server that BERTH_TEST_POSTGRES_URL names, and what it counts. */
export async function countedDatabase() {
  const database = await newDatabase();
  const count = async (): Promise<Records> => {
    // Sessions that are idle tell their counts within a second; these are asked for when the controller has ended.
    const tables = await database.ask<{ name: string; rows: string; writes: string }>(
      `select relname as name, n_live_tup as rows, n_tup_ins + n_tup_upd + n_tup_del as writes from pg_stat_user_tables order by relname`,
    );
    const [whole] = await database.ask<{ commits: string; bytes: string }>(
      `select xact_commit as commits, pg_database_size(current_database()) as bytes from pg_stat_database where datname = current_database()`,
    );
    return {
      rows: Object.fromEntries(tables.map(({ name, rows }) => [name, Number(rows)])),
      rowWrites: tables.reduce((sum, { writes }) => sum + Number(writes), 0),
      commits: Number(whole?.commits),
      megabytes: Number(whole?.bytes) / 1e6,
    };
  };
  return { url: database.url, count, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
}
