import { describe, expect, test } from "vitest";
import { altered } from "../../../support/memory-controller.ts";
import { mcpClient, protocols, type ProtocolKind } from "../../../support/mcp-client.ts";
import { servedRollouts } from "../../../support/served-rollouts.ts";

const kinds = Object.keys(protocols) as ProtocolKind[];
const textOf = ({ content }: { content: unknown }) => (content as { text: string }[]).map(({ text }) => text).join("");

describe.each(kinds)("the official client, %s", (kind) => {
  test("finds the tools of the rollout's environment, with what they do", async () => {
    await using berth = await servedRollouts();
    const { key, mcp } = await berth.rollout({ tools: ["grep", "shell"] });
    await using session = await mcpClient(mcp, key, kind);
    const { tools } = await session.client.listTools();
    expect(tools.map(({ name, annotations }) => [name, annotations])).toEqual([
      ["grep", { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false }],
      ["shell", { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false }],
    ]);
    expect(tools[1]?.inputSchema).toMatchObject({ type: "object", required: ["command"] });
  });

  test("uses tools, and the rollout's record has every call", async () => {
    await using berth = await servedRollouts();
    const { id, key, mcp } = await berth.rollout();
    await using session = await mcpClient(mcp, key, kind);
    const written = await session.client.callTool({ name: "write_file", arguments: { path: "a", content: "hello" } });
    expect(written.isError).toBe(false);
    const read = await session.client.callTool({ name: "read_file", arguments: { path: "a" } });
    expect(textOf(read)).toContain("hello");
    expect(read._meta?.["berth/call"]).toMatchObject({ replayed: false, truncated: false });
    const { records } = await berth.controller.service.trajectory(id);
    expect(records.map(({ tool, state }) => [tool, state])).toEqual([
      ["write_file", "done"],
      ["read_file", "done"],
    ]);
  });

  test("reads what the model did wrong as a result", async () => {
    await using berth = await servedRollouts();
    const { key, mcp } = await berth.rollout();
    await using session = await mcpClient(mcp, key, kind);
    const missing = await session.client.callTool({ name: "read_file", arguments: { path: "nothing" } });
    expect([missing.isError, textOf(missing)]).toEqual([true, expect.stringMatching(/^Error: .*nothing/)]);
    const wrong = await session.client.callTool({ name: "read_file", arguments: { paths: 1 } });
    expect(wrong.isError).toBe(true);
  });

  test("is told of an unknown tool, and of a failure of ours, as errors of the protocol", async () => {
    await using berth = await servedRollouts({
      store: (store) =>
        altered(store, () => ({
          reserveCall: async (...args) => {
            if (args[1].tool === "grep") throw new Error("The disk is gone.");
            return store.reserveCall(...args);
          },
        })),
    });
    const { key, mcp } = await berth.rollout();
    await using session = await mcpClient(mcp, key, kind);
    await expect(session.client.callTool({ name: "teleport", arguments: {} })).rejects.toMatchObject({
      code: -32602,
      data: { code: "unknown_tool", cause: "policy" },
    });
    await expect(session.client.callTool({ name: "grep", arguments: { pattern: "x" } })).rejects.toMatchObject({
      code: -32603,
      data: { code: "internal", cause: "infra" },
    });
  });

  test("is told at once that a call goes on, when it asks", async () => {
    await using berth = await servedRollouts();
    const { key, mcp } = await berth.rollout();
    await using session = await mcpClient(mcp, key, kind);
    const told: string[] = [];
    await session.client.callTool(
      { name: "shell", arguments: { command: "sleep 0.2" } },
      { onprogress: ({ message }) => void told.push(message ?? "") },
    );
    expect(told).toEqual(["shell goes on"]);
  });

  test("cancels a command, which is killed, and its call ends as cancelled", async () => {
    await using berth = await servedRollouts();
    const { id, key, mcp } = await berth.rollout();
    await using session = await mcpClient(mcp, key, kind);
    const cancel = new AbortController();
    const call = session.client.callTool(
      { name: "shell", arguments: { command: "sleep 60" } },
      { signal: cancel.signal, onprogress: () => cancel.abort("not needed") },
    );
    await expect(call).rejects.toThrow(/not needed/);
    await expect
      .poll(async () => (await berth.controller.service.trajectory(id)).records[0]?.result?.outcome, { timeout: 8_000 })
      .toEqual({ type: "cancelled" });
  });
});
