import { expect, describe, test } from "vitest";
import type { AgentTask } from "../../../src/agent/agent-task.ts";
import { BerthError } from "../../../src/core/errors.ts";
import { ModelFailure } from "../../../src/agent/model/model-failure.ts";
import type { SampleResult } from "../../../src/agent/sample-result.ts";
import { agentPlay, solves, writeAnswer } from "../../support/agent-play.ts";

const only = (results: readonly SampleResult[]): SampleResult => {
  expect(results).toHaveLength(1);
  return results[0]!;
};

const tasks = (count: number): AgentTask[] =>
  Array.from({ length: count }, (_, n) => ({
    id: `task-${n}`,
    messages: [{ role: "user", content: `Task ${n}.` }],
    start: { environment: "small" },
  }));

describe.each(["chat", "responses"] as const)("a model behind %s", (api) => {
  test("is told its task and the environment's tools, and earns what its work is worth", async () => {
    await using play = await agentPlay(solves);
    const result = only((await play.run({ api })).results);
    expect(result).toMatchObject({
      status: "scored",
      reward: 1,
      stop: "answered",
      turns: 2,
      tool_calls: 1,
      tool_errors: 0,
    });
    expect(result.usage).toEqual({ input: 180, cached_input: api === "chat" ? 0 : 60, output: 20 });
    const [first, second] = play.model.requests;
    expect(first!.authorization).toBe("Bearer model-key");
    expect(first!.messages).toMatchObject([
      { role: "system", content: "Work." },
      { role: "user", content: "Write 1 into the file answer." },
    ]);
    expect(first!.tools.map((tool) => tool.function.name)).toContain("write_file");
    expect(second!.messages.at(-1)).toMatchObject({ role: "tool", content: expect.stringContaining("created answer") });
    expect((await play.client.rollout(result.rollout_id)).status).toBe("closed");
  });

  test("that does nothing earns nothing", async () => {
    await using play = await agentPlay(() => ({ content: "I would rather not." }));
    expect(only((await play.run({ api })).results)).toMatchObject({ status: "scored", reward: 0, stop: "answered" });
  });
});

test("the Responses API gets back the reasoning of earlier replies as it came", async () => {
  await using play = await agentPlay(solves);
  await play.run({ api: "responses" });
  expect(play.model.requests[1]).toMatchObject({ store: false, include: ["reasoning.encrypted_content"] });
});

test("calls of one reply run side by side, and their answers keep their order", async () => {
  const calls = ["a", "b", "c"].map(
    (name) => [name, "write_file", JSON.stringify({ path: name, content: name })] as const,
  );
  await using play = await agentPlay((_, nth) => (nth === 0 ? { calls } : { content: "" }));
  expect(only((await play.run()).results)).toMatchObject({ status: "scored", tool_calls: 3 });
  expect(play.model.requests[1]!.messages.slice(-3)).toMatchObject(
    ["a", "b", "c"].map((name) => ({ tool_call_id: name, content: expect.stringContaining(`created ${name}`) })),
  );
});

test("malformed calls are for the model to read, and no failure", async () => {
  const calls = [
    ["1", "write_file", '{"path": "answ'],
    ["2", "no_such_tool", "{}"],
    ["3", "", "{}"],
    ["4", "x".repeat(65), "{}"],
    ["5", "write_file", "[]"],
    ["6", "list_dir", ""],
  ] as const;
  await using play = await agentPlay((_, nth) => (nth === 0 ? { calls } : { content: "" }));
  expect(only((await play.run()).results)).toMatchObject({
    status: "scored",
    reward: 0,
    tool_calls: 6,
    tool_errors: 5,
  });
  const answers = play.model.requests[1]!.messages.slice(-6).map(({ content }) => content ?? "");
  expect(answers.slice(0, 5).every((answer) => answer.startsWith("Error: "))).toBe(true);
  expect(answers[0]).toContain("not JSON");
  expect(answers[1]).toContain("there are: shell");
});

describe("a budget ends the turn, and what is there is graded", () => {
  const endless = (_: unknown, nth: number) =>
    nth === 0 ? writeAnswer(0.5) : { calls: [[`${nth}`, "list_dir", "{}"]] as const };

  test.each([
    ["turns", { turns: 3 }, 3],
    ["tokens", { tokens: 250 }, 3],
    ["cost", { cost: 0.002 }, 2],
  ] as const)("%s", async (stop, budget, turns) => {
    await using play = await agentPlay(endless);
    const { results } = await play.run({ budget, price: { input: 10, output: 10 } });
    expect(only(results)).toMatchObject({ status: "scored", reward: 0.5, stop, turns, cost: turns / 1000 });
  });

  test("seconds, also while the model thinks", async () => {
    await using play = await agentPlay((_, nth) => (nth === 0 ? writeAnswer(0.5) : "silence"));
    const { results } = await play.run({ budget: { seconds: 1 } });
    expect(only(results)).toMatchObject({ status: "scored", reward: 0.5, stop: "seconds" });
  });

  test("the model's window", async () => {
    const message = "This model's maximum context length is 8192 tokens.";
    await using play = await agentPlay((_, nth) => (nth === 0 ? writeAnswer(0.5) : { status: 400, message }));
    expect(only((await play.run()).results)).toMatchObject({ status: "scored", reward: 0.5, stop: "context_full" });
  });

  test("the rollout's own", async () => {
    await using play = await agentPlay(endless);
    const budget = { tool_calls: 2 };
    await play.client.registerEnvironment({ name: "short", budget, graders: [{ type: "tests", command: "x" }] });
    const [task] = tasks(1);
    const { results } = await play.run({ tasks: [{ ...task!, start: { environment: "short" } }] });
    expect(only(results)).toMatchObject({ status: "scored", reward: 0.5, stop: "rollout_budget" });
  });
});

describe("a model that fails", () => {
  test.each([
    ["429", { status: 429, headers: { "retry-after-ms": "1" } }],
    ["500", { status: 500, headers: { "retry-after-ms": "1" } }],
    ["a cut connection", "cut"],
  ] as const)("with %s is asked again, and nothing is lost", async (_, failure) => {
    await using play = await agentPlay((request, nth) => (nth === 0 ? failure : solves(request, nth)));
    expect(only((await play.run()).results)).toMatchObject({ status: "scored", reward: 1, turns: 2 });
  });

  test.each([
    ["model_unavailable", { status: 503, headers: { "retry-after-ms": "1" } }],
    ["model_refused", { status: 422 }],
    ["model_malformed", { raw: { hello: "world" } }],
    ["model_timeout", "silence"],
  ] as const)("for good is unscored, by our doing: %s", async (code, failure) => {
    await using play = await agentPlay((_, nth) => (nth === 0 ? writeAnswer(1) : failure));
    const result = only((await play.run({ endpoint: { deadlineMs: 500 } })).results);
    expect(result).toMatchObject({ status: "unscored", cause: "infra", code, turns: 1 });
    expect(result).not.toHaveProperty("reward");
    expect((await play.client.rollout(result.rollout_id)).status).toBe("closed");
  });

  test("by refusing whoever asks ends the run, which can go on with another key", async () => {
    let open = false;
    await using play = await agentPlay((request, nth) => (open ? solves(request, nth) : { status: 401 }));
    await expect(play.run({ samples: 3 })).rejects.toThrow(ModelFailure);
    open = true;
    const { results, complete } = await play.run({ samples: 3 });
    expect([results.map(({ status }) => status), complete]).toEqual([["scored", "scored", "scored"], true]);
  });
});

test("what no grader could judge is unscored, by its cause", async () => {
  const grade = () => Promise.reject(new BerthError("grader_failed", "The tests cannot be run."));
  await using play = await agentPlay(solves, { grader: { type: "tests", grade } });
  const result = only((await play.run()).results);
  expect(result).toMatchObject({ status: "unscored", cause: "grader", code: "grader_failed", turns: 2 });
});

test("an environment that is not there is told by its code", async () => {
  await using play = await agentPlay(solves);
  const [task] = tasks(1);
  const { results } = await play.run({ tasks: [{ ...task!, start: { environment: "nowhere" } }] });
  expect(only(results)).toMatchObject({ status: "unscored", code: "unknown_environment" });
});

test("no more samples than asked for are played at a time", async () => {
  let now = 0;
  let most = 0;
  await using play = await agentPlay(async () => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setImmediate(resolve));
    now -= 1;
    return { content: "" };
  });
  expect((await play.run({ tasks: tasks(4), samples: 3, parallel: 2 })).results).toHaveLength(12);
  expect(most).toBeLessThanOrEqual(2);
});

test("beyond the cost of the whole run no sample begins; with a larger one the run goes on", async () => {
  await using play = await agentPlay(() => ({ content: "" }));
  const price = { input: 10, output: 10 };
  const first = await play.run({ samples: 5, parallel: 1, price, totalCost: 0.002 });
  expect([first.results.length, first.complete]).toEqual([2, false]);
  const second = await play.run({ samples: 5, parallel: 1, price, totalCost: 1 });
  expect([second.results.length, second.complete, play.model.requests.length]).toEqual([5, true, 5]);
});
