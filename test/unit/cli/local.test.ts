import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import type { Berth } from "../../../src/cli/berth.ts";
import { environment } from "../../../src/model/environment.ts";
import type { Leak } from "../../../src/sandbox/leaks.ts";
import { runCommand } from "../../support/cli.ts";
import { passingFile } from "../../support/passing-file.ts";
import { scriptedService } from "../../support/scripted-service.ts";

const mine = environment.parse({ name: "mine", repo: { url: "https://h/r.git", commit: "a".repeat(40) } });

describe("env", () => {
  test("build registers a file, tells how it goes, and lets go of the controller", async () => {
    const file = passingFile("mine.yaml", "name: mine\n");
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

describe("doctor --leaks", () => {
  const leak: Leak = {
    kind: "sandbox",
    id: "b-1",
    owner: "26201611-b3fd",
    sinceMs: Date.now() - 7_300_000,
    why: "its rollout has ended",
    remedy: "berth gc",
    harmless: false,
    remove: async () => {
      throw new Error("It only looks.");
    },
  };
  const idle: Leak = { ...leak, kind: "loop_device", id: "/dev/loop0", why: "bound to no file", harmless: true };
  const dir = mkdtempSync(join(tmpdir(), "berth-leaks-"));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const look = (leaks: readonly Leak[], ...args: string[]) =>
    runCommand(["doctor", "--leaks", "--data-dir", dir, ...args], { berth: { leaks: async () => leaks } });

  test("says of a folder without records that there is nothing to compare, and makes none", async () => {
    expect(await look([leak])).toMatchObject({ code: 0, stdout: expect.stringContaining("There are no records") });
    expect(readdirSync(dir)).toEqual([]);
  });

  test("tells whose each is, how old, why it is too many and what removes it, and ends with 1", async () => {
    writeFileSync(join(dir, "berth.db"), "");
    const run = await look([leak, idle, idle]);
    expect(run.code).toBe(1);
    expect(run.stdout).toMatch(/^sandbox\s+b-1\s+26201611\s+2 h\s+its rollout has ended\s+berth gc$/m);
    expect(run.stdout).toMatch(/^Harmless: 2 × loop_device, such as \/dev\/loop0: bound to no file\.$/m);
    expect((await look([leak], "--json")).json()).toMatchObject({
      leaks: [
        {
          kind: "sandbox",
          id: "b-1",
          owner: "26201611-b3fd",
          age_seconds: expect.closeTo(7300, -3),
          remedy: "berth gc",
        },
      ],
    });
  });

  test("ends with 0 where there is nothing but what costs nothing", async () => {
    expect(await look([idle])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Nothing is left over\.$/m) });
  });
});

describe("audit", () => {
  const entry = {
    at: "2026-01-02T03:04:05.678Z",
    actor: "trainer",
    action: "created",
    kind: "rollout",
    subject: "26201611-b3fd-4158-a1e5-d90a5274c246",
    rollout_id: "26201611-b3fd-4158-a1e5-d90a5274c246",
    why: "of environment mine",
  } as const;

  test("tells who did what, of one rollout by any form of its id", async () => {
    const audit = vi.fn<Berth["audit"]>(async () => [entry]);
    const run = await runCommand(["audit", "--rollout", "trace_26201611b3fd4158a1e5d90a5274c246"], {
      berth: { audit },
    });
    expect(run.stdout).toMatch(
      /2026-01-02T03:04:05.678Z\s+trainer\s+created\s+rollout\s+26201611-\S+\s+of environment mine/,
    );
    expect(audit).toHaveBeenCalledWith({ limit: 100, rolloutId: entry.rollout_id });
    const args = ["audit", "--json", "--since", "2026-01-01T00:00:00Z", "--limit", "5"];
    expect((await runCommand(args, { berth: { audit } })).json()).toEqual({ entries: [entry] });
    expect(audit).toHaveBeenLastCalledWith({ limit: 5, since: "2026-01-01T00:00:00.000Z" });
  });

  test("refuses a time or an id that is none", async () => {
    expect((await runCommand(["audit", "--since", "yesterday"])).code).toBe(2);
    expect((await runCommand(["audit", "--rollout", "x"])).stderr).toContain("x is not a rollout id");
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
