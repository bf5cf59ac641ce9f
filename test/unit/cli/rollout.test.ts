import { dirname } from "node:path";
import { describe, expect, test } from "vitest";
import { summaryOf, type Outcome } from "../../../src/model/summary.ts";
import { BerthError } from "../../../src/core/errors.ts";
import { environment } from "../../../src/model/environment.ts";
import type { ToolCallResult } from "../../../src/model/tool-call.ts";
import type { RolloutEvent } from "../../../src/model/trajectory.ts";
import { listeningController, runCommand } from "../../support/cli.ts";
import { passingFile } from "../../support/passing-file.ts";
import { aResult, aRollout, rolloutId } from "../../support/scripted-service.ts";

const stream = (text: string) => ({ head: text, tail: "", total_bytes: text.length, truncated: false });

const environmentFile = (text: string) => passingFile("mine.yaml", text);

describe("rollout create", () => {
  test("waits for the sandbox and prints the rollout", async () => {
    await using controller = await listeningController({
      create: async () => ({ rollout: aRollout({ status: "queued" }), created: true }),
      waitUntilSettled: async () => aRollout({ status: "active" }),
    });
    const run = await controller.berth("rollout", "create", "click", "--group", "g", "--label", "policy=base");
    expect(run).toMatchObject({ code: 0, stdout: expect.stringMatching(/^rollout\s+26201611.*status\s+active/s) });
    expect(controller.service.calls[0]?.args[0]).toEqual({
      environment: "click",
      group: "g",
      labels: { policy: "base" },
    });
    expect(controller.service.calls[1]?.args[1]).toBe(300_000);
  });

  test("registers a file with the folder that its paths start from", async () => {
    const file = environmentFile("name: mine\ngraders: [{type: tests, command: pytest, files: ./hidden}]\n");
    await using controller = await listeningController({
      registerEnvironment: async () => environment.parse({ name: "mine" }),
      create: async () => ({ rollout: aRollout(), created: true }),
    });
    expect((await controller.berth("rollout", "create", file, "--wait", "0", "--json")).json()).toEqual(aRollout());
    expect(controller.service.calls[0]).toMatchObject({
      method: "registerEnvironment",
      args: [{ name: "mine" }, dirname(file), "tests"],
    });
    expect(controller.service.calls[1]?.args[0]).toMatchObject({ environment: "mine" });
  });

  test("refuses a file with a typo before it asks anyone", async () => {
    const run = await runCommand(["rollout", "create", environmentFile("name: mine\nimgae: host\n")]);
    expect(run).toMatchObject({
      code: 5,
      stderr: expect.stringMatching(/mine\.yaml was refused: .*imgae.*\n.*\n\(invalid_environment, cause: task\)/),
    });
  });

  test("ends with 1 and says why when the rollout failed", async () => {
    const error = new BerthError("setup_failed", "pip ended with 1.\u001b[2J").report();
    await using controller = await listeningController({
      create: async () => ({ rollout: aRollout({ status: "queued" }), created: false }),
      waitUntilSettled: async () => aRollout({ status: "failed", error }),
    });
    const run = await controller.berth("rollout", "create", "click");
    expect(run.code).toBe(1);
    expect(run.stderr).toContain("setup_failed: pip ended with 1.\nRun the step by hand");
    expect(run.stderr).toContain("It was there already.");
  });
});

describe("rollout grade --again", () => {
  const verdict = { status: "scored" as const, reward: 0.5, parts: [], flags: [], duration_ms: 1 };

  test("sends the graders of a file with the folder that their paths start from, of an environment file too", async () => {
    const list = environmentFile("- {type: tests, command: pytest, files: hidden}\n");
    const whole = environmentFile(
      "name: x\nimage: y\ngraders: [{type: tests, command: pytest}]\nreward: {formula: tests}\n",
    );
    await using controller = await listeningController({ regrade: async () => verdict });
    const run = await controller.berth("rollout", "grade", rolloutId, "--again", "--graders", list, "--answer", "x");
    expect(run).toMatchObject({ code: 0, stdout: "reward 0.5" });
    await controller.berth("rollout", "grade", rolloutId, "--again", "--graders", whole);
    await controller.berth("rollout", "grade", rolloutId, "--again");
    expect(controller.service.calls.map(({ args }) => args[1])).toMatchObject([
      { again: true, answer: "x", graders: [{ files: "hidden" }], base_dir: dirname(list) },
      { again: true, graders: [{ type: "tests" }], reward: { formula: "tests" } },
      { again: true },
    ]);
  });

  test("refuses graders without --again, and a file with a typo, before it asks anyone", async () => {
    const file = environmentFile("- {type: tests, comand: pytest}\n");
    const grade = (...args: string[]) => runCommand(["rollout", "grade", rolloutId, "--graders", file, ...args]);
    expect((await grade()).stderr).toContain("--graders needs --again");
    expect(await grade("--again")).toMatchObject({ code: 5, stderr: expect.stringContaining("was refused") });
  });
});

describe("rollout export", () => {
  async function* rows() {
    for (const score of [1, 0])
      yield { itemIndex: 3, score, trajectory: [], latencySeconds: 1.5, outputTokens: 7, toolCalls: 2 };
  }

  test("prints the lines as they come", async () => {
    await using controller = await listeningController({ exported: rows });
    expect(await controller.berth("rollout", "export", "--group", "g")).toMatchObject({
      code: 0,
      stdout: '{"item_index":3,"score":1,"trajectory":"[]"}\n{"item_index":3,"score":0,"trajectory":"[]"}',
    });
    expect((await controller.berth("rollout", "export", "--format", "csv", "--json")).stdout).toContain('"score":1');
    expect(controller.service.calls[0]).toEqual({ method: "exported", args: [{ group: "g" }] });
    expect((await controller.berth("rollout", "export", "--format", "csv")).stdout).toBe(
      "item_index,reward,latency_s,output_tokens,tool_calls\n3,1,1.5,7,2\n3,0,1.5,7,2",
    );
  });

  test("says so when it breaks off", async () => {
    async function* broken() {
      yield* rows();
      throw new Error("the disk is gone");
    }
    await using controller = await listeningController({ exported: broken });
    const run = await controller.berth("rollout", "export");
    expect(run.code).not.toBe(0);
    expect(run.stderr).not.toBe("");
  });
});

describe("rollout exec", () => {
  const ends: [string, Partial<ToolCallResult>, number][] = [
    ["as the command does", { outcome: { type: "exited", code: 3 } }, 3],
    ["with 128 and the signal", { outcome: { type: "signaled", signal: "SIGKILL" } }, 137],
    ["with 124 when time was up", { outcome: { type: "timed_out" } }, 124],
    ["with 137 when memory was", { outcome: { type: "oom_killed" } }, 137],
    ["with 0 when another tool worked", {}, 0],
    ["with 1 when another tool did not", { error: new BerthError("file_not_found", "No a.txt.").report() }, 1],
  ];
  test.each(ends)("ends %s", async (_how, result, code) => {
    await using controller = await listeningController({ callTool: async () => aResult(result) });
    expect((await controller.berth("rollout", "exec", rolloutId, "--", "true")).code).toBe(code);
  });

  test("puts both streams where they belong, and nothing that moves the cursor", async () => {
    const result = aResult({
      outcome: { type: "exited", code: 0 },
      stdout: stream("out\u001b[2J\n"),
      stderr: stream("err\u0007\n"),
    });
    await using controller = await listeningController({ callTool: async () => result });
    expect(await controller.berth("rollout", "exec", rolloutId, "--", "echo", "a b")).toMatchObject({
      code: 0,
      stdout: "out",
      stderr: "err",
    });
    expect(controller.service.calls[0]?.args).toEqual([rolloutId, "shell", { arguments: { command: "echo 'a b'" } }]);
  });

  test("uses other tools with JSON arguments, and repeats a call by its id", async () => {
    await using controller = await listeningController({ callTool: async () => aResult({ tool: "grep" }) });
    const run = await controller.berth(
      "rollout",
      "exec",
      rolloutId,
      "--tool",
      "grep",
      "--args",
      '{"pattern":"x"}',
      "--call-id",
      "c1",
      "--json",
    );
    expect(run.json()).toEqual(aResult({ tool: "grep" }));
    expect(controller.service.calls[0]?.args).toEqual([
      rolloutId,
      "grep",
      { call_id: "c1", arguments: { pattern: "x" } },
    ]);
  });

  test("ends with 125 when the command did not run", async () => {
    const callTool = async () => {
      throw new BerthError("sandbox_lost", "The sandbox is gone.");
    };
    await using controller = await listeningController({ callTool });
    expect(await controller.berth("rollout", "exec", rolloutId, "--", "true")).toMatchObject({
      code: 125,
      stderr: expect.stringContaining("(sandbox_lost, cause: infra)"),
    });
  });

  test.each([[[]], [["--tool", "grep", "--args", "[1]"]], [["--args", "{}", "--", "ls"]]])(
    "refuses %j as wrong usage",
    async (args) => {
      expect((await runCommand(["rollout", "exec", rolloutId, ...args])).code).toBe(2);
    },
  );
});

describe("rollout grade", () => {
  test("prints the reward, its parts and flags", async () => {
    const part = { name: "tests", type: "tests", reward: 0, summary: "1 of 2 passed", evidence: {} };
    const grade = async () => ({
      status: "scored" as const,
      reward: 0,
      parts: [part],
      flags: ["edited_tests"],
      duration_ms: 5,
    });
    await using controller = await listeningController({ grade });
    expect(await controller.berth("rollout", "grade", rolloutId)).toMatchObject({
      code: 0,
      stdout: "reward 0\n  tests  0  1 of 2 passed\n  flags: edited_tests",
    });
  });

  test("ends with 1 when there is no reward", async () => {
    const reason = new BerthError("grader_timeout", "Too slow.").report();
    await using controller = await listeningController({
      grade: async () => ({ status: "unscored", reward: null, parts: [], reason, duration_ms: 5 }),
    });
    expect(await controller.berth("rollout", "grade", rolloutId)).toMatchObject({
      code: 1,
      stdout: "unscored",
      stderr: expect.stringContaining("grader_timeout: Too slow."),
    });
  });
});

describe("the rest of a rollout's life", () => {
  test("ls pages and filters", async () => {
    await using controller = await listeningController({ list: async () => [aRollout(), aRollout()] });
    const run = await controller.berth("rollout", "ls", "--limit", "1", "--status", "active,grading");
    expect(run.stdout.split("\n")[1]).toMatch(/^26201611-\S+\s+click\s+active\s+-\s+0\s+-\s+-\s+2026/);
    expect(run.stderr).toBe(`More: --before 2026-01-02T03:04:05.678Z_${rolloutId}`);
    expect(controller.service.calls[0]?.args[0]).toEqual({ limit: 2, status: ["active", "grading"] });
  });

  test("ls says who caused that one failed, and how", async () => {
    const error = new BerthError("budget_exhausted", "Idle.", { budget: "idle_seconds" }).report();
    await using controller = await listeningController({ list: async () => [aRollout({ status: "expired", error })] });
    expect((await controller.berth("rollout", "ls")).stdout).toMatch(/expired .* policy budget_exhausted idle_seconds/);
  });

  test("ls --summary counts a group by what came of it and who caused it", async () => {
    const none = { verdict: null, cause: null, code: null, budget: null, mean_reward: null };
    const outcomes: Outcome[] = [
      { ...none, status: "closed", verdict: "scored", count: 3, mean_reward: 0.5 },
      { ...none, status: "failed", cause: "infra", code: "sandbox_lost", count: 1 },
    ];
    await using controller = await listeningController({ summary: async () => summaryOf(outcomes) });
    const { stdout } = await controller.berth(
      "rollout",
      "ls",
      "--summary",
      "--group",
      "step-12",
      "--since",
      "2026-01-02",
    );
    expect(stdout).toMatch(/^closed\s+scored\s+-\s+-\s+3\s+75\.0 %\s+0\.500$/m);
    expect(stdout).toMatch(/^failed\s+-\s+infra\s+sandbox_lost\s+1\s+25\.0 %\s+-$/m);
    expect(stdout).toMatch(/^4 rollouts, 3 scored, mean reward 0\.500; caused by: infra 1$/m);
    expect(controller.service.calls[0]?.args).toEqual([{ group: "step-12", since: "2026-01-02T00:00:00.000Z" }]);
    expect((await controller.berth("rollout", "ls", "--summary", "--since", "soon")).code).toBe(2);
  });

  test("show lists the tool calls when it is asked to", async () => {
    const record = {
      seq: 0,
      call_id: "c",
      tool: "shell",
      effect: "write" as const,
      arguments: { command: "ls" },
      state: "done" as const,
      result: { output: "", truncated: false, outcome: { type: "exited" as const, code: 2 } },
      started_at: "2026-01-02T03:04:05.678Z",
      duration_ms: 12.3,
    };
    const denial = {
      destination: "example.org:443",
      reason: "not_allowed" as const,
      count: 3,
      first_at: "2026-01-02T03:04:05.678Z",
      last_at: "2026-01-02T03:04:06.678Z",
    };
    const egress = { allowed: 1, denied: 3, denials: [denial] };
    await using controller = await listeningController({
      get: async () => aRollout({ egress: { allowed: 1, denied: 3 } }),
      trajectory: async () => ({ rollout_id: rolloutId, records: [record], egress }),
    });
    const { stdout } = await controller.berth("rollout", "show", rolloutId, "--trajectory");
    expect(stdout).toMatch(/^egress\s+1 allowed, 3 denied$/m);
    expect(stdout).toMatch(/0\s+shell\s+exited 2\s+12 ms\s+\{"command":"ls"\}$/m);
    expect(stdout).toMatch(/example\.org:443\s+not_allowed\s+3\s+2026/);
    const shown = (await controller.berth("rollout", "show", rolloutId, "--trajectory", "--json")).json();
    expect(shown).toMatchObject({ trajectory: [record], egress });
  });

  test("rm ends several", async () => {
    await using controller = await listeningController({
      close: async (id) => aRollout({ rollout_id: id, status: "closed" }),
    });
    expect((await controller.berth("rollout", "rm", rolloutId, rolloutId)).stdout).toBe(
      `${rolloutId}  closed\n${rolloutId}  closed`,
    );
  });

  test("events are followed to the end", async () => {
    const at = "2026-01-02T03:04:05.678Z";
    const events = async function* (): AsyncGenerator<RolloutEvent> {
      yield { type: "status", at, status: "active" };
      yield { type: "verdict", at, status: "scored", reward: 1 };
    };
    await using controller = await listeningController({ get: async () => aRollout(), events });
    expect(await controller.berth("rollout", "events", rolloutId)).toMatchObject({
      code: 0,
      stdout: `${at}  status     active\n${at}  verdict    scored 1`,
    });
  });
});

describe("refusals", () => {
  test("are told with message, remedy and code, and as JSON when that was asked for", async () => {
    const get = async () => {
      throw new BerthError("unknown_rollout", "There is no such rollout.");
    };
    await using controller = await listeningController({ get });
    const run = await controller.berth("rollout", "show", rolloutId);
    expect(run).toMatchObject({ code: 4, stdout: "" });
    expect(run.stderr).toMatch(
      /^error: There is no such rollout\.\nCreate the rollout first.*\n\(unknown_rollout, cause: caller\)$/,
    );
    expect((await controller.berth("rollout", "show", rolloutId, "--json")).json().error).toMatchObject({
      code: "unknown_rollout",
      retryable: false,
    });
  });

  test("a wrong key is one", async () => {
    await using controller = await listeningController({});
    const run = await runCommand(["rollout", "ls"], { env: { BERTH_URL: controller.url, BERTH_API_KEY: "wrong" } });
    expect(run).toMatchObject({ code: 4, stderr: expect.stringContaining("unauthorized") });
  });

  test("nobody at the address ends with 3", async () => {
    expect(await runCommand(["rollout", "ls", "--url", "http://127.0.0.1:1"])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("berth serve"),
    });
  });

  test.each([["rollout", "ls", "--url", "ftp://x"], ["rollout", "ls", "--limit", "many"], ["rollout"], ["sail"]])(
    "%s %s %s is wrong usage",
    async (...args) => {
      expect((await runCommand(args)).code).toBe(2);
    },
  );
});
