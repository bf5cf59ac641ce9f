import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kysely, PostgresDialect } from "kysely";
import { Migrator } from "kysely/migration";
import { Pool } from "pg";
import { beforeEach, describe, expect, test } from "vitest";
import { silentLogger } from "../../../src/core/log.ts";
import { environment as environmentSchema } from "../../../src/model/environment.ts";
import { migrations } from "../../../src/store/migrations/migrate.ts";
import { openPostgresStore } from "../../../src/store/postgres/postgres-store.ts";
import { sqliteDialect } from "../../../src/store/sqlite/node-sqlite.ts";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../../../src/store/store.ts";
import { newDatabase, whyNoPostgres } from "../../support/postgres-database.ts";

type Version = keyof typeof migrations;
const versions = Object.keys(migrations) as Version[];

const id = "00000000-0000-4000-8000-000000000001";
const at = "2026-01-01T00:00:00.000Z";
const environment = environmentSchema.parse({ name: "click", setup: ["true"] });
const environment_json = JSON.stringify(environment);
const changes = { snapshot: "0".repeat(64), written: [], deleted: ["b"], refused: [] };
const verdict = { status: "scored", reward: 1, parts: [], flags: [], duration_ms: 1 };
const regrading = {
  regrading_id: "00000000-0000-4000-8000-000000000002",
  graded_at: at,
  graders: [],
  reward: null,
  answer: "done",
  verdict,
};
const call = { rollout_id: id, tool: "shell", effect: "write", arguments_json: '{"command":"true"}', started_at: at };

/** What a controller of each version could have written first, into tables and columns of that version. */
const written: Record<Version, Record<string, readonly object[]>> = {
  "0001-rollouts": {
    environments: [{ name: "click", json: environment_json, base_dir: "/tasks", registered_at: at }],
    rollouts: [
      {
        id,
        environment: "click",
        environment_json,
        base_dir: "/tasks",
        group_name: "g",
        labels_json: '{"run":"7"}',
        status: "closed",
        provider: "oci",
        snapshot: "key",
        error_json: null,
        verdict_json: JSON.stringify(verdict),
        created_at: at,
        active_at: at,
        first_result_at: at,
        ended_at: at,
      },
    ],
    tool_calls: [
      {
        ...call,
        call_id: "a",
        seq: 0,
        state: "done",
        result_json: '{"output":"done","truncated":false}',
        duration_ms: 12.3456789012,
      },
      { ...call, call_id: "b", seq: 1, state: "unknown", result_json: null, duration_ms: null },
    ],
    change_sets: [{ rollout_id: id, json: JSON.stringify(changes) }],
    sandbox_intents: [{ id: "b-1", provider: "oci", purpose: id, incarnation: "1" }],
    installation: [{ key: "id", value: "the-owner" }],
  },
  "0002-egress": { egress: [{ rollout_id: id, allowed: 3, denied: 2, denials_json: "[]" }] },
  "0003-ended": {},
  "0004-controllers": {
    controllers: [{ id: "one", role: "controller", url: null, started_at: at, lease_until: 1_767_225_600_000 }],
  },
  "0005-audit": {
    audit: [
      {
        id: "rollout/1/created",
        at,
        actor: "trainer",
        action: "created",
        kind: "rollout",
        subject: id,
        rollout_id: id,
        why: null,
      },
    ],
  },
  "0006-regradings": {
    regradings: [{ rollout_id: id, id: regrading.regrading_id, graded_at: at, json: JSON.stringify(regrading) }],
  },
};

async function expectEverything(store: Store, version: Version): Promise<void> {
  const egress = { allowed: 0, denied: 0, ...(versions.indexOf(version) >= 1 ? { allowed: 3, denied: 2 } : {}) };
  expect(await store.environments()).toEqual([{ environment, baseDir: "/tasks" }]);
  expect(await store.rollout(id)).toEqual({
    rollout_id: id,
    environment: "click",
    group: "g",
    labels: { run: "7" },
    status: "closed",
    provider: "oci",
    snapshot: "key",
    error: null,
    verdict,
    tool_calls: 2,
    egress,
    created_at: at,
    active_at: at,
    first_result_at: at,
    ended_at: at,
    created_by: null,
    ready_by: null,
  });
  expect(await store.outcomes({ group: "g" })).toEqual([
    { status: "closed", verdict: "scored", cause: null, code: null, budget: null, count: 1, mean_reward: 1 },
  ]);
  expect(await store.egress(id)).toEqual({ ...egress, denials: [] });
  expect(await store.trajectory(id)).toMatchObject([
    { seq: 0, call_id: "a", state: "done", result: { output: "done" }, duration_ms: 12.3456789012 },
    { seq: 1, call_id: "b", state: "unknown", result: null, duration_ms: null },
  ]);
  expect(await store.changeSet(id)).toEqual(changes);
  expect(await store.answer(id)).toBeUndefined();
  expect(await store.regradings(id)).toEqual(
    versions.indexOf(version) >= versions.indexOf("0006-regradings") ? [regrading] : [],
  );
  expect(await store.intents()).toMatchObject([{ id: "b-1", provider: "oci", purpose: id, incarnation: "1" }]);
  expect(await store.installationId("another")).toBe("the-owner");
}

type AnyTables = Record<string, Record<string, unknown>>;

interface Place extends AsyncDisposable {
  /** The database itself, without a store. */
  reach(): Kysely<AnyTables>;
  open(): Promise<Store>;
}

const databases: Record<string, { why?: string | undefined; make: () => Promise<Place> }> = {
  sqlite: {
    make: async () => {
      const dir = await mkdtemp(join(tmpdir(), "berth-migrations-"));
      const file = join(dir, "berth.db");
      return {
        reach: () => new Kysely<AnyTables>({ dialect: sqliteDialect(file) }),
        open: () => openSqliteStore(file),
        [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
      };
    },
  },
  postgres: {
    why: whyNoPostgres(),
    make: async () => {
      const database = await newDatabase();
      return {
        reach: () => {
          const pool = new Pool({ connectionString: database.url, max: 2 });
          return new Kysely<AnyTables>({ dialect: new PostgresDialect({ pool }) });
        },
        open: () => openPostgresStore(database.url, { log: silentLogger }),
        [Symbol.asyncDispose]: async () => await database[Symbol.asyncDispose](),
      };
    },
  },
};

/** Lives through the versions one after the other, with what each of them could have written. */
async function liveUntil(last: Version, db: Kysely<AnyTables>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  for (const version of versions.slice(0, versions.indexOf(last) + 1)) {
    expect((await migrator.migrateTo(version)).error).toBeUndefined();
    for (const [table, rows] of Object.entries(written[version])) {
      for (const row of rows)
        await db
          .insertInto(table)
          .values({ ...row })
          .execute();
    }
  }
}

describe.for(Object.keys(databases))("%s", (name) => {
  const { why, make } = databases[name]!;
  beforeEach(({ skip }) => skip(why !== undefined, why));

  test.for(versions)("a database of version %s keeps every row when it is opened today", async (version) => {
    await using place = await make();
    const before = place.reach();
    await liveUntil(version, before);
    await before.destroy();
    for (let opened = 0; opened < 2; opened++) {
      const store = await place.open();
      await expectEverything(store, version);
      await store.close();
    }
  });

  test("a database of a later version is refused by name and not changed", async () => {
    await using place = await make();
    const later = place.reach();
    await liveUntil(versions.at(-1)!, later);
    await later.insertInto("kysely_migration").values({ name: "9999-from-the-future", timestamp: at }).execute();
    await expect(place.open()).rejects.toMatchObject({
      code: "storage_failed",
      message: expect.stringContaining("9999-from-the-future") as string,
    });
    const names = (await later.selectFrom("kysely_migration").select("name").execute()).map(({ name }) => name);
    expect(names).toEqual([...versions, "9999-from-the-future"]);
    await later.destroy();
  });
});
