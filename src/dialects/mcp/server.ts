import {
  Server,
  type CallToolRequest,
  type CallToolResult,
  type McpRequestContext,
  type ServerContext,
} from "@modelcontextprotocol/server";
import type { Clock } from "../../core/clock.ts";
import { BerthError } from "../../core/errors.ts";
import type { IdSource } from "../../core/ids.ts";
import { isStorable } from "../../model/rollout.ts";
import type { RolloutService } from "../../rollout/rollout-service.ts";
import { toMcp } from "../../tool/formats.ts";
import { answerOf, answerToFailure } from "./answer.ts";
import { callKey } from "./call-key.ts";
import { exchangeOf, type Exchange } from "./exchange.ts";
import { tellProgress } from "./progress.ts";

export interface ServerParts {
  readonly service: Pick<RolloutService, "tools" | "callTool" | "cancelCall">;
  readonly clock: Clock;
  readonly ids: IdSource;
}

const MOST_NAME_CHARACTERS = 64;

/** One server a request, of whichever version of the protocol: what lasts is the rollout. */
export function rolloutServer({ era, authInfo }: McpRequestContext, parts: ServerParts): Server {
  const exchange = exchangeOf(authInfo);
  const server = new Server(
    { name: "berth", title: "Berth", version: "1" },
    {
      capabilities: { tools: {} },
      instructions:
        "The tools work in one sandbox, which holds a repository and is thrown away in the end. Paths are relative to its workspace.",
    },
  );
  server.setRequestHandler("tools/list", async () => ({
    tools: (await parts.service.tools(exchange.rolloutId)).map((tool) => {
      const { inputSchema, ...named } = toMcp(tool);
      return { ...named, inputSchema: { ...inputSchema, type: "object" as const } };
    }),
  }));
  server.setRequestHandler("tools/call", ({ params }, context) => call(params, context, era, exchange, parts));
  return server;
}

async function call(
  { name, arguments: args = {} }: CallToolRequest["params"],
  context: ServerContext,
  era: McpRequestContext["era"],
  { rolloutId, session }: Exchange,
  { service, clock, ids }: ServerParts,
): Promise<CallToolResult> {
  try {
    // The model may have made it up: no record could keep it.
    if (name.length > MOST_NAME_CHARACTERS || !isStorable(name))
      throw new BerthError("unknown_tool", "There is no tool of that name.");
    const call_id = callKey(context.mcpReq, session) ?? `call_${ids.hex(12)}`;
    // Without sessions a client cancels by going away; with them it says so, and may come again for the result.
    const cancel = () => void service.cancelCall(rolloutId, call_id);
    if (era === "modern") context.mcpReq.signal.addEventListener("abort", cancel, { once: true });
    using _progress = tellProgress(name, context, clock);
    return answerOf(await service.callTool(rolloutId, name, { call_id, arguments: args }));
  } catch (thrown) {
    return answerToFailure(thrown);
  }
}
