import { randomUUID } from "node:crypto";
import { Client } from "pg";

const server = process.env["BERTH_TEST_POSTGRES_URL"];

/** Why no test can use PostgreSQL here; undefined when they can. */
export const whyNoPostgres = (): string | undefined =>
  server ? undefined : "BERTH_TEST_POSTGRES_URL names no PostgreSQL: run it in infra/setup/with-postgres.sh";

/** A new, empty database of the server in BERTH_TEST_POSTGRES_URL, until it is disposed of. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  /** Asked of the server, as a user of it who does not go through a store. */
  ask<Row extends object = Record<string, unknown>>(sql: string, parameters?: unknown[]): Promise<Row[]>;
}

async function asked<Row extends object>(url: string, sql: string, parameters: unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000, query_timeout: 30_000 });
  await client.connect();
  try {
    return (await client.query<Row>(sql, parameters)).rows;
  } finally {
    await client.end();
  }
}

export async function newDatabase(): Promise<TestDatabase> {
  const admin = String(server);
  const name = `berth_test_${randomUUID().replaceAll("-", "")}`;
  await asked(admin, `create database ${name} template template0`);
  const at = new URL(admin);
  at.pathname = `/${name}`;
  return {
    url: at.href,
    ask: (sql, parameters) => asked(at.href, sql, parameters),
    [Symbol.asyncDispose]: async () => void (await asked(admin, `drop database ${name} with (force)`)),
  };
}
