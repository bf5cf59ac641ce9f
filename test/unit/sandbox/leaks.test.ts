import { expect, test } from "vitest";
import { sweep } from "../../../src/cli/sweep.ts";
import type { Residue } from "../../../src/provider/residue.ts";
import { findLeaks } from "../../../src/sandbox/leaks.ts";
import { altered, memoryController } from "../../support/memory-controller.ts";

type Controller = Awaited<ReturnType<typeof memoryController>>;

const ended = "00000000-0000-4000-8000-000000000001";

function plant(controller: Controller, id: string, purpose: string) {
  const handle = { id, provider: "memory", labels: { owner: "ours", purpose, incarnation: id } };
  const [some] = controller.world.sandboxes.values();
  const state = { status: "running", oomKills: null };
  controller.world.sandboxes.set(id, { handle, tree: some?.tree, state, stop: async () => {} } as never);
}

const leaksOf = ({ store, launcher }: Controller, atWork: readonly string[] = []) =>
  findLeaks({ store, launcher, owner: "ours", atWork: async () => new Set(atWork), workTrees: async () => [] });

async function withLeaks(controller: Controller) {
  await controller.rollout();
  plant(controller, "of-ended", ended);
  plant(controller, "grading", `grade:${ended}`);
  plant(controller, "pooled", "pool:kind");
  plant(controller, "built", "build:key");
  await controller.store.recordIntent({ id: "never-made", provider: "memory", purpose: "build:k", incarnation: "1" });
}

test("what nobody needs any more is left over, with why; a rollout that goes on is not", async () => {
  await using controller = await memoryController();
  await withLeaks(controller);
  const leaks = await leaksOf(controller);
  expect(Object.fromEntries(leaks.map(({ id, why }) => [id, why]))).toEqual({
    "of-ended": `its rollout ${ended} has ended`,
    grading: "whoever asked for it to grade is no more",
    pooled: "whoever asked for it to pool is no more",
    built: "whoever asked for it to build is no more",
    "never-made": "the record of a sandbox that was asked for and is not there",
  });
  const swept = await sweep(leaks, { dryRun: false, onProgress: () => {} });
  expect(swept.filter(({ failure }) => failure !== undefined)).toEqual([]);
  expect(await leaksOf(controller)).toEqual([]);
});

test("what a process that lives asked for is its own, there or not", async () => {
  await using controller = await memoryController();
  await withLeaks(controller);
  const built = { id: "built", provider: "memory", purpose: "build:key", incarnation: "1" };
  await controller.store.recordIntent(built);
  const by = (await controller.store.intents()).find(({ id }) => id === "built")?.controller ?? "nobody";
  const ids = (await leaksOf(controller, [by])).map(({ id }) => id);
  expect(ids.toSorted((one, two) => one.localeCompare(two))).toEqual(["grading", "of-ended", "pooled"]);
  await sweep(await leaksOf(controller), { dryRun: false, onProgress: () => {} });
});

test("how old a sandbox is comes from the audit log", async () => {
  await using controller = await memoryController();
  await controller.rollout();
  plant(controller, "of-ended", ended);
  const at = "2026-01-02T03:04:05.678Z";
  const deed = { actor: "controller", action: "created", kind: "sandbox", rollout_id: ended, why: null } as const;
  await controller.store.audit.record("1", { at, subject: "of-ended", ...deed });
  const [leak] = await leaksOf(controller);
  expect(leak).toMatchObject({ kind: "sandbox", owner: "ours", sinceMs: Date.parse(at), remedy: "berth gc" });
  await leak?.remove?.();
});

test("what is another's to remove stays and says what removes it, and what is harmless is not told twice", async () => {
  const none = { owner: "theirs", sinceMs: 0, why: "theirs", remedy: "docker rm x" } as const;
  const residue: Residue[] = [
    { ...none, kind: "container", id: "x", harmless: false },
    { ...none, kind: "loop_device", id: "/dev/loop0", harmless: true },
  ];
  await using controller = await memoryController({
    provider: (bare) => altered(bare, () => ({ residue: async () => residue })),
  });
  const leaks = await leaksOf(controller);
  expect(leaks.map(({ id }) => id)).toEqual(["x", "/dev/loop0"]);
  expect(await sweep(leaks, { dryRun: false, onProgress: () => {} })).toEqual([
    { kind: "container", id: "x", reason: "theirs", left: "docker rm x" },
  ]);
});
