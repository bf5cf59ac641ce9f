import type { ToolOutput } from "../../src/model/tool-call.ts";
import { parseArguments } from "../../src/tool/parse-arguments.ts";
import { runTool } from "../../src/tool/run-tool.ts";
import type { Tool } from "../../src/tool/tool.ts";
import type { TreeGuest } from "./tree-guest.ts";

/** Calls a tool as the rollout does: arguments checked, failures of the policy answered. */
export async function callTool(tool: Tool, guest: TreeGuest, args: Record<string, unknown>): Promise<ToolOutput> {
  const context = {
    guest,
    callId: "call_1",
    workdir: "/workspace",
    env: { PATH: process.env["PATH"] ?? "" },
    signal: AbortSignal.timeout(10_000),
  };
  return await runTool(tool, context, parseArguments(tool, args));
}
