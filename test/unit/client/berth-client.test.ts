import { describe, expect, test } from "vitest";
import { BerthClient, BerthFailure, ControllerUnreachable } from "../../../src/client/index.ts";
import { BerthError } from "../../../src/core/errors.ts";
import { listeningController } from "../../support/cli.ts";
import { apiKey } from "../../support/http-app.ts";
import { refusal, scriptedAnswers, type Answer } from "../../support/scripted-answers.ts";
import { aResult, aRollout, rolloutId } from "../../support/scripted-service.ts";

const done = { status: 200, body: aResult() };
const soon = { "retry-after": "0" };

/** A client, and a controller of which each request gets the next answer, and all further ones the last. */
async function answering(...answers: readonly Answer[]) {
  const server = await scriptedAnswers((_, nth) => answers[nth] ?? answers.at(-1)!);
  return { ...server, client: new BerthClient({ url: `${server.url}/` }) };
}

const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );

describe("a request that is sent again", () => {
  test("is a call with its own id, after its connection was cut: the same call", async () => {
    await using controller = await answering("cut", done);
    await controller.client.callTool(rolloutId, "shell", { call_id: "one", arguments: { command: "ls" } });
    const call = { method: "POST", path: `/v1/rollouts/${rolloutId}/tools/shell` };
    const body = { call_id: "one", arguments: { command: "ls" } };
    expect(controller.requests).toEqual([
      { ...call, body },
      { ...call, body },
    ]);
  });

  test.each([
    ["too many", { ...refusal(429, "overloaded", "infra"), headers: soon }],
    ["a controller that lost the rollout to another", { ...refusal(503, "fenced", "infra"), headers: soon }],
    ["a controller that stops", { ...refusal(503, "shutting_down", "infra"), headers: soon }],
    ["a proxy without a controller behind it", { status: 502, body: "Bad Gateway", headers: soon }],
  ])("is one that met %s", async (_, first) => {
    await using controller = await answering(first, done);
    expect(await controller.client.callTool(rolloutId, "shell", { call_id: "one" })).toEqual(aResult());
    expect(controller.requests).toHaveLength(2);
  });

  test("is the creation of a rollout whose id the client chose, and a grading", async () => {
    await using controller = await answering("cut", { status: 200, body: aRollout() });
    const { created } = await controller.client.createRollout({ rollout_id: rolloutId, environment: "click" });
    expect([created, controller.requests.length]).toEqual([false, 2]);
  });
});

describe("a request that is sent once", () => {
  test("is a call without an id, whose connection was cut: nobody could tell whether it ran", async () => {
    await using controller = await answering("cut", done);
    const thrown = await caught(controller.client.callTool(rolloutId, "shell", {}));
    expect(thrown).toBeInstanceOf(ControllerUnreachable);
    expect(thrown).toMatchObject({ code: "unreachable", causedBy: "infra", retryable: true });
    expect(controller.requests).toHaveLength(1);
  });

  test("is a new verdict", async () => {
    await using controller = await answering("cut");
    expect(await caught(controller.client.grade(rolloutId, { again: true }))).toBeInstanceOf(ControllerUnreachable);
    expect(controller.requests).toHaveLength(1);
  });

  test.each([
    [409, "budget_exhausted", "policy"],
    [503, "sandbox_lost", "infra"],
    [422, "setup_failed", "task"],
    [502, "grader_failed", "grader"],
    [401, "unauthorized", "caller"],
  ])("is one that is refused with %i %s", async (status, code, cause) => {
    await using controller = await answering(refusal(status, code, cause));
    const thrown = await caught(controller.client.callTool(rolloutId, "shell", { call_id: "one" }));
    expect(thrown).toMatchObject({ code, causedBy: cause, status, remedy: "Mend it.", requestId: "r1" });
    expect(controller.requests).toHaveLength(1);
  });

  test("is any whose Retry-After is beyond the client's patience, or whose client has none", async () => {
    await using controller = await answering({
      ...refusal(429, "overloaded", "infra"),
      headers: { "retry-after": "301" },
    });
    expect(await caught(controller.client.environments())).toMatchObject({ retryAfterSeconds: 301 });
    await using other = await answering({ ...refusal(429, "overloaded", "infra"), headers: soon });
    const hasty = new BerthClient({ url: other.url, patienceSeconds: 0 });
    expect(await caught(hasty.environments())).toMatchObject({ code: "overloaded" });
    expect([controller.requests.length, other.requests.length]).toEqual([1, 1]);
  });
});

test("a code that this version does not know keeps what it says", async () => {
  await using controller = await answering(refusal(418, "teapot", "infra", { retryable: true, brewing: 3 }));
  const thrown = await caught(controller.client.environments());
  expect(thrown).toBeInstanceOf(BerthFailure);
  expect(thrown).toMatchObject({ code: "teapot", causedBy: "infra", retryable: true });
});

test("an answer that is no answer of Berth's is refused", async () => {
  await using controller = await answering({ status: 200, body: { hello: "world" } });
  expect(await caught(controller.client.environments())).toMatchObject({
    code: "internal",
    message: expect.stringContaining("is not a Berth controller of this version"),
  });
});

test("a controller that never answers fails the request at its deadline", async () => {
  await using controller = await answering("silence");
  const client = new BerthClient({ url: controller.url, patienceSeconds: 0 });
  const thrown = await caught(client.grade(rolloutId, {}, { timeoutMs: 50 }));
  expect(thrown).toMatchObject({ message: expect.stringContaining("no answer within") });
});

test("a signal ends a request that waits for its answer, and one that waits to be sent again", async () => {
  const reason = new Error("enough");
  for (const answer of [
    "silence",
    { ...refusal(429, "overloaded", "infra"), headers: { "retry-after": "200" } },
  ] as const) {
    const stop = new AbortController();
    await using controller = await scriptedAnswers(() => {
      setImmediate(() => stop.abort(reason));
      return answer;
    });
    const client = new BerthClient({ url: controller.url });
    expect(await caught(client.rollout(rolloutId, { signal: stop.signal }))).toBe(reason);
  }
});

test("a controller's own refusal comes with its code and cause", async () => {
  await using controller = await listeningController({
    callTool: async () => {
      throw new BerthError("budget_exhausted", "Used up.", { budget: "tool_calls" });
    },
  });
  const client = new BerthClient({ url: controller.url, apiKey });
  const thrown = await caught(client.callTool(rolloutId, "shell", { call_id: "one" }));
  expect(thrown).toMatchObject({ code: "budget_exhausted", causedBy: "policy", budget: "tool_calls", status: 409 });
  expect((await client.tools()).map((tool) => tool.function.name)).toEqual(["echo"]);
});
