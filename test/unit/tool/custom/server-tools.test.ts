import { expect, test } from "vitest";
import { toolServer } from "../../../../src/model/tool-server.ts";
import { serverTools } from "../../../../src/tool/custom/mcp/server-tools.ts";
import { toMcp } from "../../../../src/tool/formats.ts";
import type { Tool } from "../../../../src/tool/tool.ts";
import { ChannelSessions, type OnLine } from "../../../support/channel-sessions.ts";
import { callTool } from "../../../support/tool-call.ts";
import { TreeGuest } from "../../../support/tree-guest.ts";

const inputSchema = { type: "object", properties: { word: { type: "string" } }, required: ["word"] };
const spec = (change: object = {}) =>
  toolServer.parse({
    name: "docs",
    command: "docs-server",
    prefix: "docs_",
    tools: [{ name: "find", description: "Finds.", inputSchema, annotations: { readOnlyHint: true } }],
    timeout_ms: 2_000,
    ...change,
  });

interface Message {
  readonly id?: string;
  readonly method?: string;
  readonly params: { readonly arguments: { readonly word: string } };
}

/** A server that answers calls as it is told, and is honest else. */
const server =
  (onCall: (message: Message, answer: (result: unknown) => string) => string | null, tools: unknown = [tool]): OnLine =>
  (line) => {
    const message = JSON.parse(line) as Message;
    const answer = (result: unknown) => `${JSON.stringify({ jsonrpc: "2.0", id: message.id, result })}\n`;
    if (message.method === "initialize") {
      const serverInfo = { name: "s", version: "1" };
      return answer({ protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo });
    }
    if (message.method === "tools/list") return answer({ tools });
    return message.method === "tools/call" ? onCall(message, answer) : "";
  };
const tool = { name: "find", inputSchema };
const said = (text: string) => ({ content: [{ type: "text", text }] });
const repeats: OnLine = server(({ params }, answer) => answer(said(params.arguments.word)));

function guestWith(begin: () => OnLine): { guest: TreeGuest; sessions: ChannelSessions } {
  const sessions = new ChannelSessions(begin);
  return { guest: Object.assign(new TreeGuest(), { sessions }), sessions };
}
const only = (change: object = {}): Tool => serverTools([spec(change)])[0] as Tool;
let calls = 0;
const ask = (one: Tool, guest: TreeGuest, word: string) =>
  callTool(one, guest, { word }, { callId: `call_${++calls}` });

test("tools are what the environment declares, whatever the server says of their effects", () => {
  const one = only();
  expect(toMcp(one)).toMatchObject({ name: "docs_find", inputSchema, annotations: { readOnlyHint: false } });
  const [read] = serverTools([spec({ tools: [{ ...tool, description: "Finds.", effect: "read" }] })]);
  expect(read?.effect).toBe("read");
});

test("the handshake is made once, by whichever controller comes first", async () => {
  const { guest, sessions } = guestWith(() => repeats);
  expect((await ask(only(), guest, "one")).output).toBe("one\n");
  expect((await ask(only(), guest, "two")).output).toBe("two\n");
  const methods = sessions.sent[0]?.map((line) => (JSON.parse(line) as Message).method);
  expect(methods).toEqual(["initialize", "notifications/initialized", "tools/list", "tools/call", "tools/call"]);
});

test("a server that was left in the middle of the handshake is ended, and another one started", async () => {
  const { guest, sessions } = guestWith(() => repeats);
  await sessions.open({ name: "berth.mcp.docs" });
  expect((await ask(only(), guest, "one")).output).toBe("one\n");
  expect(sessions.sent.map((lines) => lines.length)).toEqual([0, 4]);
});

test("an answer to an earlier call is not taken for this one's", async () => {
  const late: string[] = [];
  const begin = () =>
    server(({ params }, answer) => {
      const before = late.join("");
      late.push(answer(said(`late ${params.arguments.word}`)));
      return before + answer(said(params.arguments.word));
    });
  const { guest } = guestWith(begin);
  expect((await ask(only(), guest, "one")).output).toBe("one\n");
  expect((await ask(only(), guest, "two")).output).toBe("two\n");
});

test("what is no message is passed over, and what the server asks for is refused", async () => {
  const junk = 'not json\n{}\n[1]\n{"jsonrpc":"2.0","id":"x/1","result":{}}\n{"jsonrpc":"2.0","id":7,"result":{}}\n';
  const asks = '{"jsonrpc":"2.0","id":9,"method":"sampling/createMessage","params":{"messages":[],"maxTokens":1}}\n';
  const { guest, sessions } = guestWith(() => server((_message, answer) => junk + asks + answer(said("on"))));
  expect((await ask(only(), guest, "one")).output).toBe("on\n");
  await ask(only(), guest, "two");
  expect(sessions.sent[0]?.some((line) => line.includes('"id":9,"error"'))).toBe(true);
});

test("an error of the protocol is what the tool says, and its server goes on", async () => {
  const { guest, sessions } = guestWith(() =>
    server(({ id }) => `${JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32602, message: "no such word" } })}\n`),
  );
  const { output, data } = await ask(only(), guest, "one");
  expect(output).toContain("[the server refuses the call: -32602] `no such word`");
  expect(data).toMatchObject({ is_error: true });
  await ask(only(), guest, "two");
  expect(sessions.sent).toHaveLength(1);
});

test.each<[string, OnLine, RegExp]>([
  ["ends", () => null, /The server docs ended \(exit code 0\)/],
  ["says nothing", () => "", /The server docs did not answer within 2000 ms; it was killed/],
  ["answers with what is no result", server((_message, answer) => answer({ content: 1 })), /docs broke the protocol/],
  ["has other tools", server(() => "", [{ name: "other", inputSchema }]), /docs has no find/],
  ["has another schema", server(() => "", [{ name: "find", inputSchema: { type: "object" } }]), /has another find/],
  ["never ends a message", () => "x".repeat(5_000_000), /sent a message of more than 4194304 bytes/],
  ["asks without end", (line) => `${line}\n`.repeat(200_000), /wrote more than 5000 lines/],
  [
    "writes without end",
    (line) => `${JSON.stringify({ line, x: "x".repeat(3e6) })}\n`.repeat(7),
    /more than 16777216 b/,
  ],
])("a server that %s is the policy's to know, and started anew by the next call", async (_name, conduct, message) => {
  const programs = [conduct, repeats];
  const { guest, sessions } = guestWith(() => programs.shift() ?? repeats);
  const failed = await ask(only(), guest, "one");
  expect(failed.error?.code).toBe("tool_server_failed");
  expect(failed.output).toMatch(message);
  expect((await ask(only(), guest, "two")).output).toBe("two\n");
  expect(sessions.sent).toHaveLength(2);
});

test.each([
  [
    { prefix: "x".repeat(32), tools: [{ name: "y".repeat(40), description: "d", inputSchema }] },
    "is no name for a tool",
  ],
  [
    {
      tools: [
        { name: "find", description: "d", inputSchema: { type: "object", properties: { word: { type: "sound" } } } },
      ],
    },
    "find: inputSchema",
  ],
])("a declaration that cannot be right is refused: %o", (change, message) => {
  expect(() => serverTools([spec(change)])).toThrow(message);
});

test("two servers of one name are refused", () => {
  expect(() => serverTools([spec(), spec()])).toThrow("there is another server of that name");
});
