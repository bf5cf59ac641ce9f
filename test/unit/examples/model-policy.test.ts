import OpenAI from "openai";
import { expect, test } from "vitest";
import { modelPolicy } from "../../../examples/runner/model-policy.ts";
import type { Row, Tools } from "../../../examples/runner/policy.ts";
import { ChatEndpoint } from "../../support/chat-endpoint.ts";

const row: Row = { id: "one", prompt: "Where is it?", environment: "place" };
const schema = (name: string) => ({ type: "function", function: { name, description: "", parameters: {} } }) as const;

/** Tools that say what they were called with; every call waits until `together` of them are in flight. */
function echoing(together: number): { tools: Tools; called: string[] } {
  const called: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const call: Tools["call"] = async (name, args) => {
    called.push(`${name} ${JSON.stringify(args)}`);
    if (called.length >= together) resolve();
    await promise;
    return `${name} said so`;
  };
  return { called, tools: { call, all: (calls) => Promise.all(calls.map(([name, args]) => call(name, args))) } };
}

const policyOf = (endpoint: ChatEndpoint, limits: { turns?: number; tokens?: number } = {}) =>
  modelPolicy({
    client: new OpenAI({ baseURL: endpoint.baseUrl, apiKey: "secret-key", maxRetries: 0 }),
    model: "policy-1",
    tools: () => [schema("grep"), schema("read_file")],
    turns: 10,
    tokens: 10_000,
    seconds: 8,
    ...limits,
  });

test("the tools that a model calls in one message run together, and each result goes back under its call", async () => {
  const calls = [
    ["a", "grep", '{"pattern":"it"}'],
    ["b", "read_file", '{"path":"x"}'],
  ] as const;
  await using endpoint = await ChatEndpoint.listen((_, nth) => (nth === 0 ? { calls } : { content: "Here." }));
  const { tools, called } = echoing(2);
  expect(await policyOf(endpoint)(row, tools, 0)).toBe("Here.");
  expect(called).toEqual(['grep {"pattern":"it"}', 'read_file {"path":"x"}']);
  expect(endpoint.requests[0]).toMatchObject({ model: "policy-1", authorization: "Bearer secret-key" });
  expect(endpoint.requests[0]?.messages[1]).toEqual({ role: "user", content: "Where is it?" });
  expect(endpoint.requests[1]?.messages.slice(3)).toEqual([
    { role: "tool", tool_call_id: "a", content: "grep said so" },
    { role: "tool", tool_call_id: "b", content: "read_file said so" },
  ]);
});

test.for(["{", "[]", '"text"', "null"])(
  "arguments that are no object (%s) are told to the model, and nothing runs",
  async (args) => {
    await using endpoint = await ChatEndpoint.listen((_, nth) =>
      nth === 0 ? { calls: [["a", "grep", args]] } : { content: "Sorry." },
    );
    const { tools, called } = echoing(1);
    expect(await policyOf(endpoint)(row, tools, 0)).toBe("Sorry.");
    expect(called).toEqual([]);
    expect(endpoint.requests[1]?.messages.at(-1)?.content).toContain("not a JSON object");
  },
);

test.for([{ turns: 3 }, { tokens: 150 }])(
  "a model that never stops calling may only answer beyond %j",
  async (limits) => {
    await using endpoint = await ChatEndpoint.listen(({ tool_choice }) =>
      tool_choice === "none" ? { content: "At last." } : { calls: [["a", "grep", "{}"]] },
    );
    const { tools, called } = echoing(1);
    expect(await policyOf(endpoint, limits)(row, tools, 0)).toBe("At last.");
    expect(called).toHaveLength(2);
    expect(endpoint.requests).toHaveLength(3);
  },
);

test("an endpoint that fails fails the rollout instead of answering for the model", async () => {
  await using endpoint = await ChatEndpoint.listen(() => ({ status: 500 }));
  await expect(policyOf(endpoint)(row, echoing(1).tools, 0)).rejects.toThrow("500");
});
