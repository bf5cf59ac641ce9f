import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lockHolder, takeLock } from "../../../src/sandbox/controller-lock.ts";

async function folder() {
  const dir = await mkdtemp(join(tmpdir(), "berth-lock-"));
  return { dir, file: join(dir, "controller.pid"), [Symbol.asyncDispose]: () => rm(dir, { recursive: true }) };
}

test("a data directory has one controller, and is free again when that lets go", async () => {
  await using at = await folder();
  const first = await takeLock(at.file);
  expect((await lockHolder(at.file))?.pid).toBe(process.pid);
  await expect(takeLock(at.file)).rejects.toMatchObject({ code: "invalid_config" });
  await first.release();
  const second = await takeLock(at.file);
  await second.release();
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
