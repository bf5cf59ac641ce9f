import { inspect } from "node:util";
import { Client } from "pg";
import { pino } from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import { BerthError } from "../../../src/core/errors.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { environment } from "../../../src/model/environment.ts";
import { migrations } from "../../../src/store/migrations/migrate.ts";
import { BoundedPool } from "../../../src/store/postgres/bounded-pool.ts";
import { ordinaryLimits } from "../../../src/store/postgres/limits.ts";
import { openPostgresStore } from "../../../src/store/postgres/postgres-store.ts";
import type { CallReservation, Store } from "../../../src/store/store.ts";
import { newDatabase, whyNoPostgres } from "../../support/postgres-database.ts";
import { wireTo } from "../../support/wire.ts";

const id = "00000000-0000-4000-8000-000000000001";
const at = new Date(0).toISOString();
/** Of a server that does not answer, in a test nobody waits as long as a controller does. */
const impatient = { ...ordinaryLimits, connectMs: 400, statementMs: 300, lockMs: 200, answerMs: 500, closeMs: 200 };

const newRollout = (store: Store) =>
  store.createRollout({
    id,
    environment: { environment: environment.parse({ name: "click" }), baseDir: null },
    group: null,
    labels: {},
    provider: "memory",
    createdAt: at,
  });

const aCall = (callId: string): CallReservation => ({
  callId,
  tool: "shell",
  effect: "write",
  arguments: {},
  startedAt: at,
});

const open = (url: string, limits = ordinaryLimits) => openPostgresStore(url, { log: silentLogger, limits });

describe("postgres", () => {
  beforeEach(({ skip }) => {
    const why = whyNoPostgres();
    skip(why !== undefined, why);
  });

  test("two controllers that reserve calls of one rollout together number them without a gap, and run each once", async () => {
    await using database = await newDatabase();
    const stores = await Promise.all([open(database.url), open(database.url)]);
    await newRollout(stores[0]);
    const ids = Array.from({ length: 150 }, (_, n) => `c${n}`);
    const orders = [ids, ids.toReversed()];
    const reserved = await Promise.all(
      stores.flatMap((store, n) =>
        orders[n]!.map(async (callId) => ({ callId, ...(await store.reserveCall(id, aCall(callId))) })),
      ),
    );
    const runs = reserved.filter(({ kind }) => kind === "new").map(({ callId }) => callId);
    expect(runs.toSorted()).toEqual(ids.toSorted());
    const records = await stores[1].trajectory(id);
    expect(records.map(({ seq }) => seq)).toEqual(ids.map((_, n) => n));
    expect(records.map(({ call_id }) => call_id).toSorted()).toEqual(ids.toSorted());
    for (const store of stores) await store.close();
  });

  test("controllers that start together make the tables once", async () => {
    await using database = await newDatabase();
    const stores = await Promise.all(Array.from({ length: 5 }, () => open(database.url)));
    const owners = await Promise.all(stores.map((store, n) => store.installationId(`owner ${n}`)));
    expect(new Set(owners).size).toBe(1);
    const names = await database.ask<{ name: string }>("select name from kysely_migration order by name");
    expect(names.map(({ name }) => name)).toEqual(Object.keys(migrations));
    for (const store of stores) await store.close();
  });

  test("a lease is prolonged while requests hold every connection and more wait for one", async () => {
    await using database = await newDatabase();
    const store = await open(database.url, { ...ordinaryLimits, connections: 1, connectMs: 400 });
    await newRollout(store);
    const holder = { id: "00000000-0000-4000-8000-0000000000aa", role: "controller", url: null } as const;
    await store.leases.renew(holder, 60_000);
    const blocker = new Client({ connectionString: database.url });
    await blocker.connect();
    try {
      await blocker.query("begin");
      await blocker.query("lock table rollouts in access exclusive mode");
      const crowd = Array.from({ length: 50 }, () => store.rollout(id).catch((thrown: unknown) => thrown));
      await expect(store.leases.renew(holder, 60_000)).resolves.toBeUndefined();
      await blocker.query("rollback");
      await Promise.all(crowd);
    } finally {
      await blocker.end();
      await store.close();
    }
  });

  test("more callers than connections are all served", async () => {
    await using database = await newDatabase();
    const store = await open(database.url);
    await newRollout(store);
    const found = await Promise.all(Array.from({ length: 20 * ordinaryLimits.connections }, () => store.rollout(id)));
    expect(found.every((rollout) => rollout?.rollout_id === id)).toBe(true);
    const [connected] = await database.ask<{ n: string }>(
      "select count(*) as n from pg_stat_activity where datname = current_database() and application_name = 'berth'",
    );
    expect(Number(connected?.n)).toBeLessThanOrEqual(ordinaryLimits.connections);
    await store.close();
  });

  test("what is written is durable even where the database's default says otherwise", async () => {
    await using database = await newDatabase();
    await database.ask(`alter database ${new URL(database.url).pathname.slice(1)} set synchronous_commit = off`);
    expect(await database.ask("show synchronous_commit")).toEqual([{ synchronous_commit: "off" }]);
    const pool = new BoundedPool(database.url, ordinaryLimits, silentLogger);
    const client = await pool.connect();
    expect((await client.query("show synchronous_commit", [])).rows).toEqual([{ synchronous_commit: "on" }]);
    client.release();
    await pool.end();
  });

  test("connections that the server ends are replaced: the calls that lost them fail, the next do not", async () => {
    await using database = await newDatabase();
    const store = await open(database.url);
    await newRollout(store);
    const end = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'berth'";
    for (let round = 0; round < 3; round++) {
      const calls = Array.from({ length: 30 }, (_, n) => store.reserveCall(id, aCall(`${round}-${n}`)));
      const [outcomes] = await Promise.all([
        Promise.allSettled(calls),
        database.ask(`${end} and datname = current_database()`),
      ]);
      const failed = outcomes.filter((outcome) => outcome.status === "rejected");
      for (const { reason } of failed) expect(reason).toMatchObject({ code: "storage_failed", retryable: true });
      await expect.poll(() => store.rollout(id).catch(() => undefined)).toMatchObject({ rollout_id: id });
    }
    expect((await store.trajectory(id)).map(({ seq }, n) => seq === n).every(Boolean)).toBe(true);
    await store.close();
  });

  test("what is asked for about one rollout is written in that order, also when the first has to wait", async () => {
    await using database = await newDatabase();
    const store = await open(database.url);
    await newRollout(store);
    const pool = new BoundedPool(database.url, ordinaryLimits, silentLogger);
    const holder = await pool.connect();
    await holder.query("begin", []);
    await holder.query("insert into sandbox_intents values ('b-1', 'oci', 'pool', '1')", []);
    const asked = Promise.all([
      store.recordIntent({ id: "b-1", provider: "oci", purpose: id, incarnation: "1" }),
      store.updateRollout(id, { status: "active" }),
    ]);
    const waiting = "select pid from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
    await expect.poll(() => database.ask(waiting)).toHaveLength(1);
    await store.installationId("written behind both");
    expect(await store.rollout(id)).toMatchObject({ status: "queued" });
    await holder.query("commit", []);
    await asked;
    expect(await store.rollout(id)).toMatchObject({ status: "active" });
    expect(await store.intents()).toMatchObject([{ id: "b-1", purpose: id }]);
    holder.release();
    await pool.end();
    await store.close();
  });

  test("a call that waits for a lock gives up as the limit says", async () => {
    await using database = await newDatabase();
    const store = await open(database.url, impatient);
    await newRollout(store);
    const pool = new BoundedPool(database.url, ordinaryLimits, silentLogger);
    const holder = await pool.connect();
    await holder.query("begin", []);
    await holder.query("select * from rollouts for update", []);
    await expect(store.updateRollout(id, { status: "active" })).rejects.toMatchObject({ code: "storage_failed" });
    await holder.query("rollback", []);
    expect(await store.updateRollout(id, { status: "active" })).toBe(true);
    holder.release();
    await pool.end();
    await store.close();
  });

  test("a database that falls silent ends every call within its deadline, and serves again when it is back", async () => {
    await using database = await newDatabase();
    await using wire = await wireTo(database.url);
    const store = await open(wire.url, impatient);
    await newRollout(store);
    wire.blackHole();
    const calls = [
      ...Array.from({ length: 40 }, (_, n) => store.reserveCall(id, aCall(`c${n}`))),
      ...Array.from({ length: 40 }, () => store.rollout(id)),
      store.updateRollout(id, { status: "active" }),
    ];
    for (const outcome of await Promise.allSettled(calls))
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "storage_failed" } });
    wire.mend();
    expect(await store.rollout(id)).toMatchObject({ rollout_id: id });
    expect(await store.reserveCall(id, aCall("later"))).toMatchObject({ kind: "new" });
    await store.close();
  });

  test("a store whose database is silent can still be closed, and opening one is refused", async () => {
    await using database = await newDatabase();
    await using wire = await wireTo(database.url);
    const store = await open(wire.url, impatient);
    await store.installationId("one");
    wire.blackHole();
    await expect(open(wire.url, impatient)).rejects.toMatchObject({ code: "storage_failed" });
    await store.close();
  });
});

test("a database that cannot be reached is named, and the password is not", async () => {
  let logged = "";
  const log = pino({ level: "trace" }, { write: (line: string) => (logged += line) });
  const url = "postgres://berth:opensesame@127.0.0.1:1/records?options=-c%20geqo%3Doff";
  const thrown: unknown = await openPostgresStore(url, { log, limits: impatient }).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(BerthError);
  expect(thrown).toMatchObject({ code: "storage_failed" });
  log.error({ err: thrown }, "refused");
  const told = inspect(thrown, { depth: 10, showHidden: true }) + logged;
  expect(told).toContain("127.0.0.1:1/records");
  expect(told).not.toContain("opensesame");
});
