import { z } from "zod";
import { BerthError } from "../../core/errors.ts";
import type { ToolOutputInput } from "../../model/tool-call.ts";
import { countField } from "../fields.ts";
import { byShell } from "../shell/command-line.ts";
import { commandAnswer, runCommand } from "../shell/run-command.ts";
import { defineTool, type Tool, type ToolContext } from "../tool.ts";

const noNul = (text: string): boolean => !text.includes("\0");

const declaredArguments = z.strictObject({
  arguments: z
    .array(z.string().min(1).max(4096).refine(noNul, { error: "must not contain a NUL character" }))
    .max(100)
    .default([])
    .describe("Given to the command behind its own arguments, each as one: paths, test ids, options. Default: none."),
  timeout_ms: countField(
    1,
    600_000,
    300_000,
    "Milliseconds after which the command and all that it started are killed.",
  ),
  max_output_bytes: countField(
    1024,
    131_072,
    32_768,
    "Most bytes given of each of stdout and stderr: half from the beginning, half from the end.",
  ),
});

/** A tool that runs a command which the environment declares under `commands:`. */
export const declaredCommand = (
  which: "test" | "lint" | "format",
  { name, description }: { name: string; description: string },
): Tool<typeof declaredArguments> =>
  defineTool({
    name,
    description,
    effect: "write",
    arguments: declaredArguments,
    async run(context, args) {
      return await run(context, which, args);
    },
  });

async function run(
  context: ToolContext,
  which: "test" | "lint" | "format",
  { arguments: given, timeout_ms: timeoutMs, max_output_bytes: maxBytes }: z.output<typeof declaredArguments>,
): Promise<ToolOutputInput> {
  const line = context.commands[which];
  if (line === undefined) {
    throw new BerthError("invalid_arguments", `This environment declares no ${which} command.`, {
      remedy: "Find out how it is done here, and do it with the shell.",
    });
  }
  const command = { ...byShell(given.length === 0 ? line : `${line} "$@"`, given), timeoutMs, maxBytes };
  const result = await runCommand(context, command);
  const answer = commandAnswer(context, command, result);
  const passed = result.outcome.type === "exited" && result.outcome.code === 0;
  return { ...answer, data: { ...answer.data, command: line, passed } };
}
