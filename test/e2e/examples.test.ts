import { mkdir, readFile, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { exampleNames } from "../../examples/runner/example.ts";
import type { Evidence } from "../../src/core/evidence.ts";
import { whyUnavailable } from "../support/backend-availability.ts";
import { ChatEndpoint } from "../support/chat-endpoint.ts";
import { dataDirectory } from "../support/controller-process.ts";
import { JudgeEndpoint } from "../support/judge-endpoint.ts";

const program = resolve(import.meta.dirname, "../../examples/runner/main.ts");
/** Below the suite's limit for a test, so that an example that hangs is ended and tells what it said. */
const runMs = 280_000;

describe("oci", () => {
  let unavailable: string | undefined;
  let place: Awaited<ReturnType<typeof dataDirectory>>;

  beforeAll(async () => {
    unavailable = await whyUnavailable("oci");
  });

  beforeEach(async ({ skip }) => {
    skip(unavailable !== undefined, unavailable);
    place = await dataDirectory();
    await mkdir(join(place.path, "tmp"));
  });

  afterEach(async () => {
    if (unavailable === undefined) await place[Symbol.asyncDispose]();
  });

  /** An example as a child in a folder of its own, without the settings of whoever runs the tests. */
  async function run(...args: string[]) {
    const kept = ["PATH", "HOME", "BERTH_GUEST_BINARY"];
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => kept.includes(name)));
    const child = await execa(process.execPath, [program, ...args], {
      cwd: place.path,
      env: { ...env, TMPDIR: join(place.path, "tmp"), OPENAI_API_KEY: "secret-key" },
      extendEnv: false,
      stdin: "ignore",
      reject: false,
      timeout: runMs,
    });
    return { code: child.exitCode, stdout: child.stdout, stderr: child.stderr };
  }

  test.each(exampleNames)(
    "%s tells good policies from bad ones on ten rows and more, and leaves nothing",
    async (name) => {
      const { code, stdout, stderr } = await run(name, "--json");
      const report = JSON.parse(stdout) as Evidence;
      expect(report.rows.filter((row) => !row.ok)).toEqual([]);
      expect([code, report.ok, report.target], stderr).toEqual([0, true, `example-${name}`]);
      expect(JSON.parse(await readFile(join(place.path, `reports/example-${name}.json`), "utf8"))).toEqual(report);

      const policies = Map.groupBy(report.rows, (row) => row["policy"] as string);
      expect(policies.size).toBeGreaterThanOrEqual(2);
      for (const rows of policies.values()) expect(rows.length).toBeGreaterThanOrEqual(10);
      expect(await readdir(join(place.path, "tmp"))).toEqual([]);
    },
  );

  test("a model behind an endpoint of chat completions plays a row: it sees the environment's tools, and its answer is graded", async () => {
    await using endpoint = await ChatEndpoint.listen(({ messages }) =>
      messages.some(({ role }) => role === "tool")
        ? { content: '["lending/holds.py", "lending/loans.py"]' }
        : {
            calls: [
              ["a", "grep", '{"pattern":"first_waiting"}'],
              ["b", "list_dir", '{"path":"lending"}'],
            ],
          },
    );
    const model = ["--policy", "model", "--base-url", endpoint.baseUrl, "--model", "policy-1"];
    const { code, stdout, stderr } = await run("planner-f1", "--row", "first-waiting", ...model);
    expect([code, stderr.includes("model: first-waiting: 1")], stdout + stderr).toEqual([0, true]);
    expect(stdout).toContain("model: mean reward 1 of 1 rows");
    expect(endpoint.requests[0]?.tools.map((tool) => tool.function.name).toSorted()).toEqual([
      ...["glob", "grep", "list_dir", "read_file"],
    ]);
    const results = endpoint.requests[1]?.messages.filter(({ role }) => role === "tool") ?? [];
    expect(results.map(({ tool_call_id }) => tool_call_id)).toEqual(["a", "b"]);
    expect(results[0]?.content).toContain("lending/loans.py:");
    expect(results[1]?.content).toContain("lending/holds.py");
  });

  test("a judge that is named is asked about the facts that no wording settles", async () => {
    await using endpoint = await JudgeEndpoint.listen(() => ({ content: '{"fact_1": true}' }));
    const judge = ["--judge-base-url", endpoint.baseUrl, "--judge-model", "judge-1"];
    const { code, stdout, stderr } = await run("deep-research-recall", "--row", "order", "--policy", "good", ...judge);
    expect([code, endpoint.asked.length], stdout + stderr).toEqual([0, 3]);
    expect(stdout).toContain("good: mean reward 1 of 1 rows");
  });

  test("what cannot be run is refused before a controller starts, with what there is", async () => {
    const runs = await Promise.all([
      run("no-such-example"),
      run("planner-f1", "--row", "no-such-row"),
      run("planner-f1", "--jobs", "none"),
    ]);
    expect(runs.map(({ code }) => code)).toEqual([2, 2, 2]);
    expect(runs[0]?.stderr).toContain(exampleNames.join(", "));
  });
});
