import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lock, lockHolder } from "../../../src/core/lock-file.ts";
import { takeLock } from "../../../src/sandbox/controller-lock.ts";

async function folder() {
  const dir = await mkdtemp(join(tmpdir(), "berth-lock-"));
  return { dir, file: join(dir, "controller.pid"), [Symbol.asyncDispose]: () => rm(dir, { recursive: true }) };
}

test("a data directory has one controller, and is free again when that lets go", async () => {
  await using at = await folder();
  const first = await takeLock(at.file);
  expect((await lockHolder(at.file))?.pid).toBe(process.pid);
  await expect(takeLock(at.file)).rejects.toMatchObject({ code: "invalid_config" });
  await first[Symbol.asyncDispose]();
  const second = await takeLock(at.file);
  await second[Symbol.asyncDispose]();
  expect(await readdir(at.dir)).toEqual([]);
});

test.for([
  ["of a process that is no more", "999999999 1"],
  ["of an earlier process with the same number", `${process.pid} 1`],
  ["that is empty", ""],
  ["that is no lock at all", "garbage"],
])("a lock %s holds nothing", async ([, content]) => {
  await using at = await folder();
  await writeFile(at.file, content ?? "");
  expect(await lockHolder(at.file)).toBeUndefined();
  await using lock = await takeLock(at.file);
  expect((await lockHolder(at.file))?.pid).toBe(process.pid);
  expect(await readdir(at.dir)).toEqual(["controller.pid"]);
  expect(lock).toBeDefined();
});

test.for(["", "999999999 1"])("of many that start at once over the lock '%s' one wins", async (left) => {
  await using at = await folder();
  if (left !== "") await writeFile(at.file, left);
  const tries = await Promise.allSettled(Array.from({ length: 12 }, () => takeLock(at.file)));
  expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(await readdir(at.dir)).toEqual(["controller.pid"]);
});

test("whoever waits for a lock has it when it is let go, one after the other, or leaves by a signal", async () => {
  await using at = await folder();
  let inside = 0;
  let most = 0;
  const never = new AbortController().signal;
  const work = async () => {
    await using _held = await lock(at.file, never);
    most = Math.max(most, ++inside);
    await new Promise(setImmediate);
    inside--;
  };
  await Promise.all([work(), work(), work()]);
  expect(most).toBe(1);
  await using _held = await lock(at.file, never);
  const leaving = new AbortController();
  const waits = lock(at.file, leaving.signal);
  leaving.abort(new Error("enough"));
  await expect(waits).rejects.toThrow("enough");
});
