import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect, test, vi } from "vitest";
import { ociPaths, sandboxPaths } from "../../../../src/provider/oci/paths.ts";
import { writeJson } from "../../../../src/provider/oci/records.ts";
import { ociResidue } from "../../../../src/provider/oci/residue.ts";
import type { OciRuntime } from "../../../../src/provider/oci/runtime.ts";

const LATER_MS = 120_000;

/** Places like an installation's, with one whole sandbox in them. */
async function scene() {
  const dir = await mkdtemp(join(tmpdir(), "berth-residue-"));
  const paths = ociPaths(join(dir, "data"), join(dir, "run"));
  for (const folder of [paths.sandboxes, paths.sockets, paths.runcState, paths.idRanges])
    await mkdir(folder, { recursive: true });
  const runtime = {
    name: "runc",
    kill: vi.fn<OciRuntime["kill"]>(async () => true),
    remove: vi.fn<OciRuntime["remove"]>(),
  };
  const runtimes = [runtime as Partial<OciRuntime> as OciRuntime];
  const make = async (id: string) => {
    const sandbox = sandboxPaths(paths, id);
    await Promise.all([sandbox.dir, join(paths.runcState, id)].map((folder) => mkdir(folder, { recursive: true })));
    await writeFile(sandbox.socket, "");
    return sandbox;
  };
  const whole = await make("b-whole");
  const labels = { owner: "ours", purpose: "x", incarnation: "1" };
  await writeJson(whole.record, { id: "b-whole", labels, snapshot: null, image: null, guest: "/guest" });
  const look = async (aheadMs = LATER_MS) => {
    const parts = { paths, cgroups: "none", runtimes, owner: "ours", nowMs: Date.now() + aheadMs } as const;
    return (await ociResidue(parts)).filter(({ kind }) => kind !== "loop_device");
  };
  return { paths, runtime, make, look, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}

test("nothing is left over of a sandbox that has its record", async () => {
  await using at = await scene();
  expect(await at.look()).toEqual([]);
});

test("what has no record any more is told and removed, what runs in it first", async () => {
  await using at = await scene();
  const { dir } = await at.make("b-lost");
  await writeFile(join(at.paths.sockets, "of-nobody"), "");
  const found = await at.look();
  expect(found.map(({ kind, id }) => [kind, basename(id)])).toEqual([
    ["runtime_state", "b-lost"],
    ["socket", "of-nobody"],
    ["folder", basename(dir)],
  ]);
  expect(new Set(found.map(({ owner, harmless, remedy }) => [owner, harmless, remedy].join()))).toEqual(
    new Set(["ours,false,berth gc"]),
  );
  for (const { remove } of found) await remove?.();
  expect([at.runtime.kill.mock.calls[0]?.[0], at.runtime.remove.mock.calls[0]?.[0]]).toEqual(["b-lost", "b-lost"]);
  expect(await readdir(at.paths.sandboxes)).toEqual(["b-whole"]);
  expect(await readdir(at.paths.sockets)).toEqual([basename(sandboxPaths(at.paths, "b-whole").socket)]);
});

test("what is just being made is not left over yet", async () => {
  await using at = await scene();
  await at.make("b-young");
  expect(await at.look(0)).toEqual([]);
});

test("a folder that got its record meanwhile stays", async () => {
  await using at = await scene();
  const { record, dir } = await at.make("b-late");
  const found = await at.look();
  const labels = { owner: "ours", purpose: "x", incarnation: "1" };
  await writeJson(record, { id: "b-late", labels, snapshot: null, image: null, guest: "/guest" });
  await found.find(({ kind }) => kind === "folder")?.remove?.();
  expect(await readdir(at.paths.sandboxes)).toContain(basename(dir));
});

test("a claim of ids whose folder is gone is told as harmless, and goes", async () => {
  await using at = await scene();
  await symlink(join(at.paths.sandboxes, "gone"), join(at.paths.idRanges, "1879048192"));
  await symlink(join(at.paths.sandboxes, "b-whole"), join(at.paths.idRanges, "1879179264"));
  const found = await at.look();
  expect(found).toMatchObject([{ kind: "id_range", owner: null, harmless: true }]);
  for (const { remove } of found) await remove?.();
  expect(await readdir(at.paths.idRanges)).toEqual(["1879179264"]);
});
