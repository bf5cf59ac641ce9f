import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import type { Berth } from "../../../src/cli/berth.ts";
import { environment } from "../../../src/model/environment.ts";
import { runCommand } from "../../support/cli.ts";
import { scriptedService } from "../../support/scripted-service.ts";

const mine = environment.parse({ name: "mine", repo: { url: "https://h/r.git", commit: "a".repeat(40) } });

describe("env", () => {
  test("build registers a file, tells how it goes, and lets go of the controller", async () => {
    const file = join(mkdtempSync(join(tmpdir(), "berth-environment-")), "mine.yaml");
    writeFileSync(file, "name: mine\n");
    const service = scriptedService({
      registerEnvironment: async () => mine,
      buildEnvironment: async (_name, onProgress) => {
        onProgress("cloning\u001b[2J");
        return { snapshot: "abc", built: true, durationMs: 1234 };
      },
    });
    const close = vi.fn<() => Promise<void>>(async () => {});
    const run = await runCommand(["env", "build", file], { berth: { service, close } });
    expect(run).toMatchObject({ code: 0, stdout: "mine  abc  built in 1.2 s (provider memory)", stderr: "cloning" });
    expect(service.calls[0]?.args[1]).toBe(dirname(file));
    expect(close).toHaveBeenCalledOnce();
  });

  test("ls shows what each starts from, how much that takes and when it was last used", async () => {
    const service = scriptedService({ environments: async () => [mine, { ...mine, name: "other" }] });
    const snapshot = { key: "b".repeat(64), bytes: 1_234_567, last_used_at: "2026-01-02T03:04:05.000Z" };
    const snapshots = async () => [{ environment: "mine", ...snapshot }];
    const berth = { service, snapshots };
    const { stdout } = await runCommand(["env", "ls"], { berth });
    expect(stdout).toMatch(
      /mine\s+host\s+standard\s+-\s+b{12}\s+1\.23 MB\s+2026-01-02 03:04\s+https:\/\/h\/r\.git @ aaaaaaaaaaaa$/m,
    );
    expect(stdout).toMatch(/other\s+host\s+standard\s+-\s+-\s+-\s+-\s+https/);
    expect((await runCommand(["env", "ls", "--json"], { berth })).json()).toMatchObject([
      { name: "mine", snapshot },
      { name: "other", snapshot: null },
    ]);
  });

  test("rm says what had nothing to remove", async () => {
    const service = scriptedService({ removeSnapshot: async (name) => name === "mine" });
    expect((await runCommand(["env", "rm", "mine", "other"], { berth: { service } })).stdout).toBe(
      "mine  removed\nother  had no snapshot",
    );
  });
});

describe("image", () => {
  test("build and ls show the digest", async () => {
    expect((await runCommand(["image", "build", "python"])).stdout).toBe("python  sha256:1");
    const images = async () => [{ name: "node", digest: null, built_at: null }];
    expect((await runCommand(["image", "ls"], { berth: { images } })).stdout).toMatch(/node\s+not built\s+-$/);
  });
});

describe("gc", () => {
  test("says what it removed and ends with 1 when something is left", async () => {
    const sweep = vi.fn<Berth["sweep"]>(async () => [
      { kind: "sandbox", id: "s1", reason: "its rollout has ended" },
      { kind: "sandbox", id: "s2", reason: "its rollout has ended", failure: "busy" },
    ]);
    const run = await runCommand(["gc"], { berth: { sweep } });
    expect(run.code).toBe(1);
    expect(run.stdout).toMatch(/s1 .* removed\n.*s2 .* busy$/);
    expect((await runCommand(["gc", "--dry-run", "--json"], { berth: { sweep } })).json()).toMatchObject({
      dry_run: true,
      items: [{ id: "s1" }, { id: "s2" }],
    });
  });

  test("shows what the limits have go, and what is left to the controller", async () => {
    const item = { kind: "snapshot", id: "k1", reason: "not used for 31 days", bytes: 2_000_000 } as const;
    const evict = vi.fn<Berth["evict"]>(async () => [item, { ...item, id: "k2", left: "left to the controller" }]);
    const dry = await runCommand(["gc", "--dry-run"], { berth: { evict } });
    expect(dry).toMatchObject({ code: 0 });
    expect(dry.stdout).toMatch(/k1\s+2 MB\s+not used for 31 days\s+would be removed\n.*k2 .* left to the controller$/);
    expect(evict).toHaveBeenCalledWith({ dryRun: true });
    expect((await runCommand(["gc", "--json"], { berth: { evict } })).json()).toEqual({
      dry_run: false,
      items: [item, { ...item, id: "k2", left: "left to the controller" }],
    });
  });

  test("removes old records, and with --dry-run only says how many they are", async () => {
    const removeOldRecords = vi.fn<Berth["removeOldRecords"]>(async () => [
      { kind: "records", id: "12 rollouts", reason: "ended more than 30 days ago" },
    ]);
    const run = await runCommand(["gc"], { berth: { removeOldRecords } });
    expect(run.stdout).toMatch(/records\s+12 rollouts\s+-\s+ended more than 30 days ago\s+removed$/);
    await runCommand(["gc", "--dry-run"], { berth: { removeOldRecords } });
    expect(removeOldRecords.mock.calls).toEqual([[{ dryRun: false }], [{ dryRun: true }]]);
  });

  test("says when nothing is left behind", async () => {
    const stdout = "Nothing is left behind, and nothing is kept for too long.";
    expect(await runCommand(["gc"])).toMatchObject({ code: 0, stdout });
  });
});

describe("every command", () => {
  const paths = ["serve", "doctor", "env build", "env ls", "env rm", "image build", "image ls", "gc"].concat(
    ["create", "exec", "grade", "show", "ls", "rm", "events"].map((name) => `rollout ${name}`),
  );
  test.each(paths)("%s has help with examples, and --json", async (path) => {
    const run = await runCommand([...path.split(" "), "--help"]);
    expect(run.code).toBe(0);
    expect(run.stdout).toMatch(/Examples:\n {2}\S*.*berth/);
    expect(run.stdout).toContain("--json");
  });
});
