import { execFileSync, spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, utimes } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { compose } from "../../../src/compose.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { environment as environmentSchema, type EnvironmentInput } from "../../../src/model/environment.ts";
import { whyUnavailable } from "../../support/backend-availability.ts";
import { localController } from "../../support/local-controller.ts";
import { shell } from "../../support/memory-controller.ts";
import { guestBinary } from "../../support/providers.ts";
import { originRepository } from "../../support/origin-repository.ts";

type Controller = Awaited<ReturnType<typeof localController>>;

let unavailable: string | undefined;

beforeAll(async () => {
  unavailable = await whyUnavailable("oci");
});

beforeEach(({ skip }) => skip(unavailable !== undefined, unavailable));

const YEAR_MS = 365 * 86_400_000;

/** Nobody has used anything of the data directory for a year, as far as a controller that starts now can know. */
async function aYearPasses(controller: Controller): Promise<void> {
  const then = new Date(Date.now() - YEAR_MS);
  const { dataDir } = controller;
  const names = async (folder: string) =>
    (await readdir(join(dataDir, folder))).map((name) => join(dataDir, folder, name));
  const mirrors = await names("mirrors").catch((): string[] => []);
  const files = [
    ...(await names("manifests/oci")),
    ...(await names("oci/images")),
    ...mirrors.map((path) => join(path, "berth.json")),
  ];
  for (const file of files) if (file.endsWith(".json")) await utimes(file, then, then);
  await controller.restart();
}

async function register(controller: Controller, change: Partial<EnvironmentInput>): Promise<void> {
  await controller.service.registerEnvironment(
    environmentSchema.parse({ name: "kept", image: "host", ...change }),
    null,
  );
}

async function active(controller: Controller) {
  const { rollout } = await controller.service.create({ environment: "kept" });
  const settled = await controller.service.waitUntilSettled(rollout.rollout_id, 90_000);
  expect(settled).toMatchObject({ status: "active", error: null });
  return settled;
}

const evicted = async (controller: Controller) =>
  (await controller.berth.evict({ dryRun: false })).map(({ kind, failure }) =>
    failure === undefined ? kind : failure,
  );

/** What a policy sees at the start, with modes, sizes and contents. */
async function startState(controller: Controller, id: string): Promise<string> {
  const command =
    "find . -path ./.git -prune -o -printf '%y %m %s %U %P %l\\n' | sort; find . -path ./.git -prune -o -type f -print0 | sort -z | xargs -0 sha256sum";
  return (await controller.service.callTool(id, "shell", shell(command))).output;
}

test("what nobody used for long is evicted, and comes back under the same key with the same start state", async () => {
  await using controller = await localController("oci");
  await using origin = await originRepository();
  const commit = await origin.commit({ a: "1", "run.sh": { executable: "#!/bin/sh\n" }, link: { link: "a" } });
  await register(controller, { repo: { url: origin.url, commit }, setup: ["echo made > by-setup", "chmod 600 a"] });
  const manifest = async (key: string | null) =>
    (JSON.parse(await readFile(join(controller.dataDir, "manifests/oci", `${key}.json`), "utf8")) as { tree: unknown })
      .tree;

  const before = await active(controller);
  const [state, tree] = [await startState(controller, before.rollout_id), await manifest(before.snapshot)];
  await controller.service.close(before.rollout_id);
  expect(await controller.berth.snapshots()).toMatchObject([{ environment: "kept", key: before.snapshot }]);
  expect(await evicted(controller)).toEqual([]);

  await aYearPasses(controller);
  // The sweep of the start may have been first; either way it is gone now.
  await evicted(controller);
  await evicted(controller);
  expect(await controller.berth.snapshots()).toEqual([]);
  expect(await readdir(join(controller.dataDir, "oci/snapshots"))).toEqual([]);
  expect(await readdir(join(controller.dataDir, "oci/images"))).toEqual([]);
  expect(await readdir(join(controller.dataDir, "mirrors"))).toEqual([]);
  expect(await readdir(join(controller.dataDir, "manifests/oci"))).toEqual([]);

  const after = await active(controller);
  expect(after.snapshot).toBe(before.snapshot);
  expect(await startState(controller, after.rollout_id)).toBe(state);
  expect(await manifest(after.snapshot)).toEqual(tree);
  await controller.service.close(after.rollout_id);
});

test("what a sandbox runs from stays, however long ago it was built", async () => {
  await using controller = await localController("oci");
  await register(controller, { setup: ["echo made > by-setup"] });
  const { rollout_id, snapshot } = await active(controller);
  await aYearPasses(controller);
  expect(await evicted(controller)).toEqual([]);
  expect(await controller.berth.evict({ dryRun: true })).toEqual([]);
  expect(await controller.berth.snapshots()).toMatchObject([{ key: snapshot }]);
  expect(await startState(controller, rollout_id)).toContain("by-setup");
  await controller.service.close(rollout_id);
});

test("an age of 0 days evicts nothing for its age, and sizes are those of the disk", async () => {
  await using controller = await localController("oci", { flags: { snapshots_max_age_days: "0" } });
  await register(controller, { setup: ["head -c 3000000 /dev/urandom > large"] });
  const { snapshot } = await controller.service.buildEnvironment("kept", () => {});
  await aYearPasses(controller);
  expect(await evicted(controller)).toEqual([]);
  const [kept] = await controller.berth.snapshots();
  expect(kept).toMatchObject({ environment: "kept", key: snapshot });
  expect(kept?.bytes).toBeGreaterThan(3_000_000);
  expect(kept?.bytes).toBeLessThan(3_500_000);
});

test("a command only says what would go and why, leaves it to a controller that runs, and evicts where none does", async () => {
  await using controller = await localController("oci", { flags: { snapshots_max_age_days: "0" } });
  await register(controller, { setup: ["true"] });
  const { snapshot } = await controller.service.buildEnvironment("kept", () => {});
  await aYearPasses(controller);
  const flags = { data_dir: controller.dataDir, provider: "oci", guest_binary: guestBinary };
  await using running = new AsyncDisposableStack();
  const command = await compose(loadConfig({ flags, env: {} }), silentLogger, { role: "command" });
  running.defer(() => command.close());

  const planned = await command.evict({ dryRun: true });
  expect(planned).toMatchObject([{ kind: "snapshot", id: snapshot }]);
  expect(planned[0]?.reason).toMatch(/^not used for 365\.\d days, more than 30$/);
  expect(await command.evict({ dryRun: false })).toMatchObject([{ id: snapshot, left: expect.any(String) }]);
  expect(await command.snapshots()).toHaveLength(1);

  await controller.stop();
  const [gone] = await command.evict({ dryRun: false });
  expect({ ...gone, reason: "" }).toEqual({ ...planned[0], reason: "" });
  expect(await command.snapshots()).toEqual([]);
});

test("what a process that died had begun to export is removed at the start, and what a living one makes is not", async () => {
  await using controller = await localController("oci");
  const images = join(controller.dataDir, "oci/images");
  const { pid: dead } = spawnSync("true");
  const dying = [`a.partial-${dead}-0a1b2c3d`, `b.draft-${dead}`];
  const living = [`c.partial-${process.ppid}-0a1b2c3d`, `d.draft-${process.ppid}`];
  for (const name of [...dying, ...living]) await mkdir(join(images, name, "bin"), { recursive: true });
  await controller.restart();
  const left = await readdir(images);
  expect(dying.filter((name) => left.includes(name))).toEqual([]);
  expect(living.filter((name) => !left.includes(name))).toEqual([]);
  for (const name of living) execFileSync("rm", ["-r", join(images, name)]);
});

test("a build says in which step it is, and how much it did", async () => {
  await using controller = await localController("oci");
  await using origin = await originRepository();
  const commit = await origin.commit({ a: "1", b: "2" });
  await register(controller, { repo: { url: origin.url, commit }, setup: ["true", "echo x > c"] });
  const said: string[] = [];
  await controller.service.buildEnvironment("kept", (message) => said.push(message));
  const steps = [
    /^fetching /,
    /^checking out /,
    /^copying the work tree$/,
    /^copied \d+ files, .*B$/,
    /^setup 1 of 2: true$/,
    /^setup 1 of 2 took \d+ s$/,
    /^setup 2 of 2: /,
    /^setup 2 of 2 took/,
    /^listing the workspace$/,
    /^keeping the snapshot, 3 files/,
  ];
  let from = 0;
  for (const step of steps) {
    const at = said.findIndex((message, index) => index >= from && step.test(message));
    expect(at, `${step} in ${said.join(" | ")}`).toBeGreaterThanOrEqual(0);
    from = at + 1;
  }
});
