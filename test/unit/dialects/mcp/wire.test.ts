import { request } from "node:http";
import { describe, expect, test } from "vitest";
import { apiKey } from "../../../support/http-app.ts";
import { mcpClient } from "../../../support/mcp-client.ts";
import { servedRollouts } from "../../../support/served-rollouts.ts";

const accept = "application/json, text/event-stream";

/** One message over the wire; of a stream the message that answers. */
async function post(url: string, body: unknown, headers: Record<string, string> = {}) {
  const reply = await fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json", accept, ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  });
  const text = await reply.text();
  const data = reply.headers.get("content-type")?.startsWith("text/event-stream")
    ? (/^data: (\{.*"(?:result|error)".*\})$/m.exec(text)?.[1] ?? "null")
    : text || "null";
  return { status: reply.status, headers: reply.headers, body: JSON.parse(data) };
}

const begin = (version: string) => ({
  jsonrpc: "2.0",
  id: 0,
  method: "initialize",
  params: { protocolVersion: version, capabilities: {}, clientInfo: { name: "t", version: "1" } },
});

const appending = (id: number, text: string) => ({
  jsonrpc: "2.0",
  id,
  method: "tools/call",
  params: { name: "shell", arguments: { command: `echo ${text} >> log; cat log` } },
});

const textOf = ({ body }: { body: ReturnType<typeof JSON.parse> }) => body.result.content[0].text as string;

describe("a session", () => {
  test.each(["2025-03-26", "2025-06-18", "2025-11-25"])("begins in the version %s", async (version) => {
    await using berth = await servedRollouts();
    const { mcp } = await berth.rollout();
    const { status, headers, body } = await post(mcp, begin(version));
    expect([status, body.result.protocolVersion, body.result.capabilities]).toEqual([200, version, { tools: {} }]);
    expect(headers.get("mcp-session-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("runs a request that comes again once, even after another controller took over", async () => {
    await using berth = await servedRollouts();
    const { id, mcp } = await berth.rollout();
    const session = (await post(mcp, begin("2025-11-25"))).headers.get("mcp-session-id") ?? "";
    const headers = { "mcp-session-id": session, "mcp-protocol-version": "2025-11-25" };
    expect(textOf(await post(mcp, appending(1, "x"), headers))).toBe("x\n");
    expect(textOf(await post(mcp, appending(1, "x"), headers))).toBe("x\n");
    await berth.restart();
    const again = await post(`${berth.url}/v1/rollouts/${id}/mcp`, appending(1, "x"), headers);
    expect([textOf(again), again.body.result._meta["berth/call"].replayed]).toEqual(["x\n", true]);
    expect(textOf(await post(`${berth.url}/v1/rollouts/${id}/mcp`, appending(2, "y"), headers))).toBe("x\ny\n");
  });

  test("has ids of its own: the same id in another session is another request", async () => {
    await using berth = await servedRollouts();
    const { mcp } = await berth.rollout();
    const one = { "mcp-session-id": "one" };
    await post(mcp, appending(1, "x"), one);
    expect(textOf(await post(mcp, appending(1, "x"), { "mcp-session-id": "two" }))).toBe("x\nx\n");
    const reused = await post(mcp, appending(1, "z"), one);
    expect(reused.body.error).toMatchObject({ code: -32600, data: { code: "call_conflict", cause: "caller" } });
  });
});

test("a client without a session says itself which calls are one", async () => {
  await using berth = await servedRollouts();
  const { key, mcp } = await berth.rollout();
  await using session = await mcpClient(mcp, key, "without sessions");
  const call = (callId?: string) =>
    session.client.callTool({
      name: "shell",
      arguments: { command: "echo x >> log; wc -l < log" },
      ...(callId === undefined ? {} : { _meta: { "berth/call_id": callId } }),
    });
  const outputs = [];
  for (const callId of ["a", "a", undefined, undefined])
    outputs.push(((await call(callId)).content as { text: string }[])[0]?.text.trim());
  expect(outputs).toEqual(["1", "1", "2", "3"]);
});

describe("the key of a rollout", () => {
  test("is given to who has the controller's, and opens the tools of that rollout and nothing else", async () => {
    await using berth = await servedRollouts();
    const [mine, other] = [await berth.rollout(), await berth.rollout()];
    const given = await berth.send("POST", `/v1/rollouts/${mine.id}/key`);
    expect(given).toEqual({ status: 200, body: { key: mine.key } });
    const status = async (method: string, path: string, body?: unknown) =>
      (await berth.send(method, path, body, mine.key)).status;
    const shell = { arguments: { command: "true" } };
    expect(await status("POST", `/v1/rollouts/${mine.id}/tools/shell`, shell)).toBe(200);
    expect(await status("POST", `/v1/rollouts/${other.id}/tools/shell`, shell)).toBe(401);
    expect(await status("POST", `/v1/rollouts/${other.id}/mcp`, begin("2025-11-25"))).toBe(401);
    for (const [method, path] of [
      ["GET", ""],
      ["GET", "/trajectory"],
      ["POST", "/key"],
      ["POST", "/grade"],
      ["DELETE", ""],
    ] as const)
      expect([path, await status(method, `/v1/rollouts/${mine.id}${path}`)]).toEqual([path, 401]);
    expect(await status("GET", "/v1/rollouts")).toBe(401);
    expect((await berth.controller.service.get(mine.id)).status).toBe("active");
  });

  test("may come in the address, and ends with the rollout", async () => {
    await using berth = await servedRollouts();
    const { id, key, mcp } = await berth.rollout();
    const ask = () => post(`${mcp}?key=${key}`, begin("2025-11-25"), { authorization: "" });
    await using session = await mcpClient(mcp, key, "with sessions");
    expect((await session.client.listTools()).tools.length).toBeGreaterThan(0);
    await berth.controller.service.close(id);
    await expect(session.client.listTools()).rejects.toThrow(/until it has ended|401/);
    expect((await berth.send("POST", `/v1/rollouts/${id}/mcp`, begin("2025-11-25"), key)).status).toBe(401);
    expect((await berth.send("POST", `/v1/rollouts/${id}/key`)).body.error.code).toBe("rollout_closed");
    expect((await ask()).status).toBe(401);
  });
});

describe("what is refused", () => {
  test("a rollout that is not there, and a request without a key", async () => {
    await using berth = await servedRollouts();
    const { mcp } = await berth.rollout();
    const nowhere = mcp.replace(/[0-9a-f]{12}\/mcp$/, "000000000000/mcp");
    expect((await post(nowhere, begin("2025-11-25"))).body.error.code).toBe("unknown_rollout");
    expect((await post(mcp, begin("2025-11-25"), { authorization: "Bearer nothing" })).status).toBe(401);
  });

  test.each([
    ["a page of another site", { origin: "https://evil.example" }],
    ["a page of a name that was led to this machine", { host: "evil.example", origin: "http://evil.example" }],
    ["a name that was led to this machine", { host: "evil.example:80" }],
  ])("%s, whatever its key", async (_what, headers) => {
    await using berth = await servedRollouts();
    const { mcp } = await berth.rollout();
    const status = await new Promise((resolve, reject) => {
      const all = { authorization: `Bearer ${apiKey}`, "content-type": "application/json", accept, ...headers };
      const sent = request(mcp, { method: "POST", headers: all }, (reply) => {
        reply.resume();
        resolve(reply.statusCode);
      });
      sent.once("error", reject);
      sent.end(JSON.stringify(begin("2025-11-25")));
    });
    expect(status).toBe(403);
  });

  test("more than a body may hold, and what is no JSON", async () => {
    await using berth = await servedRollouts({}, { max_body_bytes: 10_000 });
    const { mcp } = await berth.rollout();
    expect((await post(mcp, appending(1, "x".repeat(20_000)))).status).toBe(413);
    const garbage = await fetch(mcp, {
      method: "POST",
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json", accept },
      body: "{",
      signal: AbortSignal.timeout(20_000),
    });
    expect(garbage.status).toBe(400);
  });

  test("to listen beside the answers, and to end a session that is only a name", async () => {
    await using berth = await servedRollouts();
    const { mcp } = await berth.rollout();
    for (const method of ["GET", "DELETE"]) {
      const headers = { authorization: `Bearer ${apiKey}`, accept: "text/event-stream", "mcp-session-id": "one" };
      expect((await fetch(mcp, { method, headers, signal: AbortSignal.timeout(20_000) })).status).toBe(405);
    }
  });
});
