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

  test("ls shows what each starts from", async () => {
    const service = scriptedService({ environments: async () => [mine] });
    expect((await runCommand(["env", "ls"], { berth: { service } })).stdout).toMatch(
      /mine\s+host\s+standard\s+-\s+https:\/\/h\/r\.git @ aaaaaaaaaaaa$/,
    );
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

  test("says when nothing is left behind", async () => {
    expect(await runCommand(["gc"])).toMatchObject({ code: 0, stdout: "Nothing is left behind." });
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
