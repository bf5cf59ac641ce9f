import type { AgentCase } from "../agent-case.ts";
import { agentsSdkCases } from "./agents-sdk.ts";
import { builtInItemCases } from "./built-in-items.ts";
import { codexCases } from "./codex.ts";
import { inspectorCases } from "./inspector.ts";
import { mcpSdkCases } from "./mcp-sdk.ts";

/** Each client with each thing that it does. */
export const allCases: readonly AgentCase[] = [
  ...mcpSdkCases,
  ...inspectorCases,
  ...agentsSdkCases,
  ...builtInItemCases,
  ...codexCases,
];
