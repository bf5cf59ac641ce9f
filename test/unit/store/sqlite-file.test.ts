import { mkdir, mkdtemp, readdir, readlink, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { onCrashPoint } from "../../../src/core/crash-point.ts";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";

async function folder() {
  const dir = await mkdtemp(join(tmpdir(), "berth-sqlite-"));
  return { dir, file: join(dir, "berth.db"), [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}

const openFiles = async (file: string): Promise<number> => {
  const names = await readdir("/proc/self/fd");
  const targets = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => "")));
  return targets.filter((target) => target.startsWith(file)).length;
};

test("migrations run once: opening again changes nothing", async () => {
  await using at = await folder();
  await (await openSqliteStore(at.file)).close();
  const tables = () => {
    const database = new DatabaseSync(at.file);
    const rows = database.prepare("select name, sql from sqlite_schema order by name").all();
    const ran = database.prepare("select name, timestamp from kysely_migration").all();
    database.close();
    return JSON.stringify([rows, ran]);
  };
  const before = tables();
  expect(before).toContain("0001-rollouts");
  await (await openSqliteStore(at.file)).close();
  expect(tables()).toBe(before);
});

test("of migrations that are cut off nothing is there, and the next start makes them", async () => {
  await using at = await folder();
  onCrashPoint((point) => {
    if (point === "store.migrating") throw new Error("cut off");
  });
  await expect(openSqliteStore(at.file)).rejects.toMatchObject({ code: "storage_failed" });
  onCrashPoint(() => {});
  const store = await openSqliteStore(at.file);
  expect(await store.environments()).toEqual([]);
  await store.close();
});

test("a database of a later version is refused and not changed", async () => {
  await using at = await folder();
  await (await openSqliteStore(at.file)).close();
  const database = new DatabaseSync(at.file);
  database.exec("insert into kysely_migration values ('9999-from-the-future', '2099-01-01T00:00:00.000Z')");
  database.close();
  await expect(openSqliteStore(at.file)).rejects.toMatchObject({ code: "storage_failed" });
  const after = new DatabaseSync(at.file);
  expect(after.prepare("select count(*) as n from kysely_migration where name like '9999%'").get()).toEqual({ n: 1 });
  after.close();
  expect(await openFiles(at.file)).toBe(0);
});

test.for([
  [
    "is no database",
    async (file: string): Promise<void> =>
      writeFile(file, "not a database, but long enough to be looked at as one".repeat(40)),
  ],
  ["is a folder", (file: string): Promise<void> => mkdir(file)],
] as const)("a file that %s is refused with storage_failed, and nothing stays open", async ([, make]) => {
  await using at = await folder();
  await make(at.file);
  await expect(openSqliteStore(at.file)).rejects.toMatchObject({ code: "storage_failed" });
  expect(await openFiles(at.file)).toBe(0);
});

test("the folder of the database is for its owner only", async () => {
  await using at = await folder();
  const file = join(at.dir, "data", "berth.db");
  const store = await openSqliteStore(file);
  expect((await stat(join(at.dir, "data"))).mode & 0o777).toBe(0o700);
  await store.close();
  expect(await openFiles(file)).toBe(0);
});
