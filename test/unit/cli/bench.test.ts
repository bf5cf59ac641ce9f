import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCli } from "../../../src/cli/run.ts";
import { compose } from "../../../src/compose.ts";
import { fakeTerminal } from "../../support/fake-terminal.ts";

let folder = "";
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "berth-bench-"))));
afterAll(() => rm(folder, { recursive: true, force: true }));

async function bench(...args: string[]) {
  const terminal = fakeTerminal();
  const here = ["--provider", "memory", "--docker-host", join(folder, "no.sock"), "--data-dir", folder];
  const code = await runCli({
    args: ["bench", "--quick", ...here, "--reports", join(folder, "reports"), ...args],
    compose,
    terminal,
    env: {},
    version: "0.0.0",
  });
  return { code, stdout: terminal.stdout(), stderr: terminal.stderr() };
}

test("where no Docker daemon answers, Berth is measured alone, and the command says so", async () => {
  const run = await bench("--json", "--scenario", "read", "cold", "destroy", "--strict");
  expect(run.stderr).toContain("no Docker daemon answers, so Berth is measured alone");
  expect(run.code).toBe(0);
  const report = JSON.parse(run.stdout) as { rows: Record<string, unknown>[] };
  expect(report).toMatchObject({ target: "bench", ok: true, quick: true, machine: { docker: null } });
  expect(report.rows.map((row) => [row["case"], row["result"]])).toEqual([
    ["read: read_file", "measured"],
    ["read: grep, against cat", "measured"],
    ["cold: create → first result", "measured"],
    ["destroy: delete, verified", "measured"],
  ]);
  for (const row of report.rows)
    expect(row).toMatchObject({ backend: "memory", unit: "ms", docker: null, ratio: null });
  expect(report.rows[0]).toMatchObject({ berth: { count: 40 } });
});

test("the scenario of the warm pool runs on a controller that has one", async () => {
  expect((await bench("--scenario", "warm")).stdout).toMatch(/create → first result, warm .* measured$/m);
});

test("an unknown scenario is wrong usage, and the ones there are get named", async () => {
  const run = await bench("--scenario", "tea");
  expect(run).toMatchObject({ code: 2 });
  expect(run.stderr).toContain("shell, read, parallel, cold, warm, destroy");
});
