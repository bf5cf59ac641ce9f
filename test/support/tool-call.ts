import { systemClock } from "../../src/core/clock.ts";
import type { ToolOutput } from "../../src/model/tool-call.ts";
import { parseArguments } from "../../src/tool/parse-arguments.ts";
import { runTool } from "../../src/tool/run-tool.ts";
import type { Tool, ToolContext } from "../../src/tool/tool.ts";
import type { TreeGuest } from "./tree-guest.ts";

/** Calls a tool as the rollout does: arguments checked, failures of the policy answered. */
export async function callTool(
  tool: Tool,
  guest: TreeGuest,
  args: Record<string, unknown>,
  also: Partial<ToolContext> = {},
): Promise<ToolOutput> {
  const context: ToolContext = {
    guest,
    callId: "call_1",
    workdir: "/workspace",
    env: { PATH: process.env["PATH"] ?? "" },
    commands: {},
    index: async () => undefined,
    clock: systemClock,
    mostMs: 600_000,
    signal: AbortSignal.timeout(10_000),
    ...also,
  };
  return await runTool(tool, context, parseArguments(tool, args));
}
