import { shellArguments } from "./shell-arguments.ts";
import { itemKey, type UseTool } from "./use-tool.ts";
import type { BuiltInOutput, LocalShellCall } from "./wire.ts";

/** Runs a program as the sandbox's tool user, whichever user it names. */
export async function answerLocalShellCall(
  { call_id, action }: LocalShellCall,
  useTool: UseTool,
): Promise<BuiltInOutput> {
  const told = (status: "completed" | "incomplete", output: string) =>
    ({ type: "local_shell_call_output", call_id, status, output }) as const;
  if (action.user) return told("incomplete", "Error: commands run as the sandbox's own user; leave `user` out.");
  const { timeout_ms: timeoutMs, working_directory: cwd } = action;
  const args = shellArguments(commandLine(action), { timeoutMs, cwd });
  const { output, outcome, error } = await useTool("shell", itemKey(call_id, 0), args);
  return told(error || outcome?.type === "timed_out" ? "incomplete" : "completed", output);
}

function commandLine({ command, env }: LocalShellCall["action"]): string {
  const settings = Object.entries(env ?? {}).map(([name, value]) => `${name}=${value}`);
  const words = settings.length > 0 ? ["env", "--", ...settings, ...command] : command;
  return words.map(quoted).join(" ");
}

/** One word to the shell, whatever is in it. */
const quoted = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;
