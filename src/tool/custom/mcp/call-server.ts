import { isDeepStrictEqual } from "node:util";
import { Client, ProtocolError, type CallToolResult } from "@modelcontextprotocol/client";
import { BerthError } from "../../../core/errors.ts";
import { Slots } from "../../../core/slots.ts";
import type { Sessions, SessionState } from "../../../guest/sessions.ts";
import type { ToolOutputInput } from "../../../model/tool-call.ts";
import type { ToolServer } from "../../../model/tool-server.ts";
import { byShell } from "../../shell/command-line.ts";
import { writerOf } from "../../terminal/writer.ts";
import type { ToolContext } from "../../tool.ts";
import { quoteLine } from "../../wording.ts";
import { BrokenChannel } from "./broken-channel.ts";
import { ChannelTransport } from "./channel-transport.ts";
import { wasGreeted } from "./greeting.ts";

/** Pages of a server's list of tools that are read. */
const mostPages = 10;
const offeredAnother =
  "Use other tools: the server in the environment's image is not the one that the environment was written for.";

interface Call {
  readonly name: string;
  readonly arguments: Record<string, unknown>;
}

/** Calls of one server go one after the other: they share its channel. By the sessions of a sandbox, then by the server's name. */
const turns = new WeakMap<Sessions, Map<string, Slots>>();

/**
 * Calls a tool of a server, which is started where none runs. A server that ends, breaks the protocol or does not answer in time is killed with all that it
 * started, so that the next call finds a new one. All that it says is the sandbox's: checked, within bounds, and never the controller's failure.
 * @throws BerthError `tool_server_failed`; what the guest's sessions throw
 */
export async function callServer(
  context: ToolContext,
  server: ToolServer,
  call: Call,
  answer: (result: CallToolResult) => ToolOutputInput,
): Promise<ToolOutputInput> {
  const until = context.clock.monotonic() + Math.min(server.timeout_ms, context.mostMs);
  return await turnsOf(context.guest.sessions, server.name).run(
    () => inTurn(context, server, { call, answer, until }),
    context.signal,
  );
}

function turnsOf(sessions: Sessions, server: string): Slots {
  const ofSandbox = turns.get(sessions) ?? new Map<string, Slots>();
  turns.set(sessions, ofSandbox);
  const slots = ofSandbox.get(server) ?? new Slots(1);
  ofSandbox.set(server, slots);
  return slots;
}

async function inTurn(
  context: ToolContext,
  server: ToolServer,
  { call, answer, until }: { call: Call; answer: (result: CallToolResult) => ToolOutputInput; until: number },
): Promise<ToolOutputInput> {
  const { clock, signal, guest } = context;
  const session = `berth.mcp.${server.name}`;
  const left = () => Math.ceil(until - clock.monotonic());
  if (left() <= 0) throw new BerthError("tool_server_failed", `Other calls took all the time of ${server.name}.`);
  const { state, greeted } = await running(context, server, session);
  const transport = new ChannelTransport({
    sessions: guest.sessions,
    name: session,
    writer: writerOf(context.callId),
    offset: greeted ? state.totalBytes : 0,
    greeted,
    signal,
  });
  const client = new Client({ name: "berth", version: "1" });
  try {
    const timeout = () => ({ timeout: Math.max(1, left()), signal });
    await client.connect(transport, timeout());
    if (!greeted) await assertOffers(client, server, timeout);
    const asked = client.request({ method: "tools/call", params: { ...call } }, timeout());
    return answer(await asked.catch(refusal));
  } catch (thrown) {
    signal.throwIfAborted();
    const { failure } = transport;
    const isLate = left() <= 0;
    throw failureOf(thrown, { server, isLate, failure, state: await guest.sessions.close(session, { signal }) });
  } finally {
    await client.close();
  }
}

/** The session of a server that was greeted, or a new one. */
async function running(
  { guest: { sessions }, callId, env, signal }: ToolContext,
  { command }: ToolServer,
  name: string,
): Promise<{ state: SessionState; greeted: boolean }> {
  const there = await sessions.state(name, { signal }).catch(unknown);
  if (there?.state === "running") {
    if (await wasGreeted(sessions, name, signal)) return { state: there, greeted: true };
    // Whoever began to greet it was interrupted.
    await sessions.close(name, { signal });
  }
  // A channel is one socket, at descriptor 0.
  const { argv, otherwise = [] } = byShell(`exec 1>&0\n${command}`);
  return {
    state: await sessions.open({ name, callId, kind: "channel", argv, otherwise, env }, { signal }),
    greeted: false,
  };
}

/** @throws BerthError `tool_server_failed` when the server is not the one that was declared */
async function assertOffers(
  client: Client,
  { name, tools }: ToolServer,
  options: () => { timeout: number; signal: AbortSignal },
): Promise<void> {
  const offered = new Map<string, unknown>();
  let cursor: string | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const params = cursor === undefined ? {} : { cursor };
    const listed = await client.request({ method: "tools/list", params }, options());
    for (const tool of listed.tools) offered.set(tool.name, tool.inputSchema);
    cursor = listed.nextCursor;
    if (cursor === undefined) break;
  }
  const others = tools.filter((tool) => !isDeepStrictEqual(offered.get(tool.name), tool.inputSchema));
  if (others.length === 0) return;
  const what = others.map((tool) => (offered.has(tool.name) ? `another ${tool.name}` : `no ${tool.name}`)).join(", ");
  throw new BerthError("tool_server_failed", `The server ${name} has ${what}.`, { remedy: offeredAnother });
}

/** That a server refuses a call is an answer. */
function refusal(thrown: unknown): CallToolResult {
  if (!(thrown instanceof ProtocolError)) throw thrown;
  const text = `[the server refuses the call: ${thrown.code}] ${quoteLine(thrown.message)}`;
  return { content: [{ type: "text", text }], isError: true };
}

/** What went wrong, as the policy reads it. How a server ended says more than that it did. */
function failureOf(
  thrown: unknown,
  { server, isLate, failure, state }: { server: ToolServer; isLate: boolean; failure: unknown; state: SessionState },
): unknown {
  const { name, timeout_ms: timeoutMs } = server;
  const failed = (what: string) =>
    new BerthError("tool_server_failed", `The server ${name} ${what}.`, { cause: thrown });
  if (isLate) return failed(`did not answer within ${timeoutMs} ms; it was killed`);
  const reason = failure ?? thrown;
  if (reason instanceof BerthError) return reason;
  if (reason instanceof BrokenChannel) return failed(reason.message === "ended" ? endOf(state) : reason.message);
  return failed(`broke the protocol: ${quoteLine(reason instanceof Error ? reason.message : String(reason))}`);
}

function endOf({ outcome }: SessionState): string {
  if (outcome?.type === "exited") return `ended (exit code ${outcome.code})`;
  return outcome?.type === "signaled" ? `ended (killed by ${outcome.signal})` : "ended";
}

function unknown(thrown: unknown): undefined {
  if (!(thrown instanceof BerthError && thrown.code === "unknown_session")) throw thrown;
}
