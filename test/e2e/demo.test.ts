import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { whyUnavailable } from "../support/backend-availability.ts";
import { berth, dataDirectory } from "../support/controller-process.ts";
import { gitRepository } from "../support/git-repository.ts";
import { ResidueCheck } from "../support/residue.ts";

const tasks = join(import.meta.dirname, "../fixtures/tasks");

/** The form of every report: design.md, "Evidence". */
const evidence = z.strictObject({
  target: z.literal("demo"),
  ok: z.boolean(),
  machine: z.string().min(1),
  started_at: z.iso.datetime(),
  rows: z.array(
    z.looseObject({ case: z.string(), backend: z.string(), result: z.string(), expected: z.string(), ok: z.boolean() }),
  ),
});

// The default task downloads from a package registry; `make demo` runs it.
describe("oci", () => {
  let unavailable: string | undefined;
  let place: Awaited<ReturnType<typeof dataDirectory>>;
  let residue: ResidueCheck;

  beforeAll(async () => {
    unavailable = await whyUnavailable("oci");
  });

  beforeEach(async ({ skip }) => {
    skip(unavailable !== undefined, unavailable);
    place = await dataDirectory();
    residue = await ResidueCheck.of(join(place.path, "data/demo"));
  });

  afterEach(async () => {
    if (unavailable !== undefined) return;
    await residue.expectNothing();
    await place[Symbol.asyncDispose]();
  });

  async function demo(...args: string[]) {
    const report = join(place.path, "report.json");
    const dataDir = join(place.path, "data");
    const run = await berth(["demo", "--provider", "oci", "--data-dir", dataDir, "--report", report, ...args], {
      cwd: place.path,
      timeoutMs: 120_000,
    });
    const written = await readFile(report, "utf8").catch(() => undefined);
    return { ...run, report: written === undefined ? undefined : evidence.parse(JSON.parse(written)) };
  }

  test("any repository with a commit that mends something and tests it: three right rewards, a table and a report", async () => {
    await using repository = await gitRepository([
      { folders: [join(tasks, "node/base")] },
      { folders: [join(tasks, "node/solution"), join(tasks, "node/hidden")] },
    ]);
    const run = await demo("--repo", repository.url, "--commit", repository.commits[1] ?? "", "--test", "node --test");
    expect(run.report?.rows).toMatchObject([
      { case: "oracle", backend: "oci", result: "1", expected: "1", ok: true },
      { case: "nothing", backend: "oci", result: "0", expected: "0", ok: true },
      { case: "cheat", backend: "oci", result: "0", expected: "0", ok: true },
      { case: "left behind", backend: "oci", result: "nothing", expected: "nothing", ok: true },
    ]);
    expect(run).toMatchObject({ code: 0, report: { ok: true } });
    for (const row of run.report?.rows.slice(0, 3) ?? [])
      expect(row).toMatchObject({
        tool_calls: expect.any(Number),
        first_result_ms: expect.any(Number),
        grading_ms: expect.any(Number),
      });
    expect(run.stdout).toMatch(
      /^rollout +tool calls +first result +grading +reward +expected\noracle +\d+ +\d+ ms +[\d.]+ s +1 +1 +✓\nnothing .*✓\ncheat .*✓\nleft behind .*✓$/,
    );
    // Not a terminal: plain lines, each from one rollout or of the whole.
    expect(run.stderr).toMatch(/^task +file:/m);
    expect(run.stderr).toMatch(/^oracle +reward 1/m);
    expect(run.stdout + run.stderr).not.toContain("\u001b");
  });

  test("tests that do not see the fix: doing nothing earns as much, and the demo ends with 1", async () => {
    await using repository = await gitRepository([
      { folders: [join(tasks, "node/base")] },
      {
        folders: [join(tasks, "node/solution")],
        files: { "test/more.test.js": 'import { test } from "node:test";\ntest("sees nothing", () => {});\n' },
      },
    ]);
    const args = ["--repo", repository.url, "--commit", repository.commits[1] ?? "", "--test", "node --test"];
    const run = await demo(...args, "--json");
    expect(run.code).toBe(1);
    expect(evidence.parse(JSON.parse(run.stdout))).toEqual(run.report);
    expect(run.report?.ok).toBe(false);
    expect(run.report?.rows).toMatchObject([
      { case: "oracle", result: "1", ok: true },
      { case: "nothing", result: "1", expected: "0", ok: false },
      { case: "cheat" },
      { case: "left behind", ok: true },
    ]);
  });

  test("what cannot be a task is refused with what to do, before any sandbox is made", async () => {
    await using repository = await gitRepository([
      { folders: [join(tasks, "node/base")] },
      { files: { "a.txt": "x" } },
    ]);
    const of = (commit: string) => ["--repo", repository.url, "--commit", commit, "--test", "node --test"];
    const runs = await Promise.all([
      demo("--repo", repository.url),
      demo(...of(repository.commits[0] ?? "").with(1, "file:///no/such.git")),
    ]);
    expect(runs.map(({ code }) => code)).toEqual([2, 5]);
    expect(runs[0]?.stderr).toContain("--repo, --commit and --test go together");
    expect(runs[1]?.stderr).toContain("repository_unreachable");
    const first = await demo(...of(repository.commits[0] ?? ""));
    expect(first).toMatchObject({ code: 5, stderr: expect.stringContaining("has no parent to start from") });
    const untested = await demo(...of(repository.commits[1] ?? ""));
    expect(untested).toMatchObject({
      code: 5,
      stderr: expect.stringContaining("must change both product code and tests"),
    });
    const absent = await demo(...of("a".repeat(40)));
    expect(absent).toMatchObject({ code: 5, stderr: expect.stringContaining("has no commit") });
    const short = await demo(...of("0123abcd"));
    expect(short).toMatchObject({ code: 5, stderr: expect.stringContaining("full commit id") });
  });
});
