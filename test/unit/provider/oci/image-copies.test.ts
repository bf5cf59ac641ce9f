import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { OciImageCopies } from "../../../../src/provider/oci/image-copies.ts";
import { ociPaths } from "../../../../src/provider/oci/paths.ts";

const DAY_MS = 86_400_000;

async function scene() {
  const dir = await mkdtemp(join(tmpdir(), "berth-copies-"));
  const paths = ociPaths(dir);
  const rootfs = join(paths.images, "a1");
  const make = vi.fn<() => Promise<void>>(async () => {
    await mkdir(join(rootfs, "bin"), { recursive: true });
    await writeFile(join(rootfs, "bin/sh"), Buffer.alloc(100_000, 1));
  });
  const source = { name: "python", location: `rootfs:${rootfs}`, make };
  return {
    paths,
    rootfs,
    source,
    make,
    copies: new OciImageCopies(paths),
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}

test("an image is made once, however many use it, and listed with its size and last use", async () => {
  await using at = await scene();
  await Promise.all(Array.from({ length: 5 }, () => at.copies.use(at.rootfs, at.source)));
  expect(at.make).toHaveBeenCalledOnce();
  const [copy, ...others] = await at.copies.list();
  expect(others).toEqual([]);
  expect(copy).toMatchObject({ id: "a1", name: "python", needed: false });
  expect(copy?.bytes).toBeGreaterThanOrEqual(100_000);
  expect(copy?.bytes).toBeLessThan(150_000);
  expect(Math.abs(Date.now() - (copy?.lastUsedMs ?? 0))).toBeLessThan(60_000);
});

test("an image that was used since is not removed; what nobody used leaves nothing, and is made again", async () => {
  await using at = await scene();
  const before = Date.now() - 10_000;
  await at.copies.use(at.rootfs, at.source);
  expect(await at.copies.remove("a1", before)).toBe(false);
  expect(await at.copies.remove("a1", Date.now() + DAY_MS)).toBe(true);
  expect(await at.copies.remove("a1", Date.now() + DAY_MS)).toBe(true);
  expect(await readdir(at.paths.images)).toEqual([]);
  await at.copies.use(at.rootfs, at.source);
  expect(at.make).toHaveBeenCalledTimes(2);
});

test("an image stays beneath a snapshot, and beneath a removed one that a sandbox still runs from", async () => {
  await using at = await scene();
  await at.copies.use(at.rootfs, at.source);
  const record = { key: "k", image: at.source.location, beneath: [], createdAtMs: 0, bytes: 0, owner: null };
  for (const folder of [join(at.paths.snapshots, "k"), join(at.paths.removedSnapshots, "k-1")]) {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "snapshot.json"), JSON.stringify(record));
    expect(await at.copies.list()).toMatchObject([{ id: "a1", needed: true }]);
    expect(await at.copies.remove("a1", Date.now() + DAY_MS)).toBe(false);
    await rm(folder, { recursive: true });
  }
  expect(await at.copies.remove("a1", Date.now() + DAY_MS)).toBe(true);
});

test("who uses an image while it is removed finds a whole one", async () => {
  await using at = await scene();
  for (let round = 0; round < 10; round++) {
    await at.copies.use(at.rootfs, at.source);
    await Promise.all([at.copies.remove("a1", Date.now() + DAY_MS), at.copies.use(at.rootfs, at.source)]);
    expect(await readdir(join(at.rootfs, "bin"))).toEqual(["sh"]);
  }
  expect((await readdir(at.paths.images)).toSorted()).toEqual(["a1", "a1.json"]);
});

test("a later process knows the last use, and lists what a crash left without a record", async () => {
  await using at = await scene();
  await at.copies.use(at.rootfs, at.source);
  const then = new Date(Date.now() - DAY_MS);
  await utimes(join(at.paths.images, "a1.json"), then, then);
  await mkdir(join(at.paths.images, "host-b2"));
  await mkdir(join(at.paths.images, `c3.draft-${process.pid}`));
  const listed = await new OciImageCopies(at.paths).list();
  expect(listed.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toMatchObject([
    { id: "a1", name: "python", lastUsedMs: expect.closeTo(then.getTime(), -1) as number },
    { id: "host-b2", name: "unknown" },
  ]);
});
