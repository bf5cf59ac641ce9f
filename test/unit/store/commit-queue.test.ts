import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { CommitQueue } from "../../../src/store/sqlite/commit-queue.ts";

async function place() {
  const dir = await mkdtemp(join(tmpdir(), "berth-commit-"));
  const file = join(dir, "berth.db");
  const database = new DatabaseSync(file);
  database.exec("pragma journal_mode = wal; create table calls (place integer primary key, id integer unique)");
  return {
    file,
    ids: () =>
      database
        .prepare("select id from calls order by place")
        .all()
        .map((row) => row["id"]),
    async [Symbol.asyncDispose]() {
      database.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

const never = new AbortController().signal;
const insert = (id: number) => ({ sql: "insert into calls (id) values (?)", parameters: [id] });

test("writes are carried out in the order in which they were asked for, and are there when they are told", async () => {
  await using at = await place();
  const queue = CommitQueue.open(at.file);
  const ids = Array.from({ length: 1_000 }, (_, id) => id);
  await Promise.all(
    ids.map(async (id) => {
      await queue.write(insert(id), never);
      expect(at.ids()[id]).toBe(id);
    }),
  );
  await queue.close();
  expect(at.ids()).toEqual(ids);
});

test("what is asked for while a commit is under way shares the next", async () => {
  await using at = await place();
  const queue = CommitQueue.open(at.file);
  const first = queue.write(insert(0), never);
  await new Promise(setImmediate);
  const later = [1, 2, 3].map((id) => queue.write(insert(id), never));
  await first;
  await Promise.race(later);
  expect(at.ids()).toEqual([0, 1, 2, 3]);
  await queue.close();
});

test("a write that fails is told alone", async () => {
  await using at = await place();
  const queue = CommitQueue.open(at.file);
  const results = await Promise.allSettled([7, 7, 8].map((id) => queue.write(insert(id), never)));
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(at.ids()).toEqual([7, 8]);
  await queue.close();
});

test("a write that was given up while it waited is not carried out", async () => {
  await using at = await place();
  const queue = CommitQueue.open(at.file);
  const gaveUp = new AbortController();
  const given = Promise.allSettled([queue.write(insert(1), gaveUp.signal), queue.write(insert(2), never)]);
  gaveUp.abort();
  expect((await given).map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
  expect(at.ids()).toEqual([2]);
  await queue.close();
});

test("closing waits for what was asked for, and nothing is taken afterwards", async () => {
  await using at = await place();
  const queue = CommitQueue.open(at.file);
  const writes = Array.from({ length: 600 }, (_, id) => queue.write(insert(id), never));
  await queue.close();
  expect(at.ids()).toHaveLength(600);
  await Promise.all(writes);
  await expect(queue.write(insert(600), never)).rejects.toMatchObject({ code: "storage_failed" });
});

test("a file that cannot be opened is refused, and what comes after the end fails", async () => {
  await using at = await place();
  expect(() => CommitQueue.open(join(at.file, "no-folder"))).toThrow("unable to open");
  const queue = CommitQueue.open(at.file);
  await queue.close();
  await expect(queue.write(insert(1), never)).rejects.toThrow("has ended");
});
