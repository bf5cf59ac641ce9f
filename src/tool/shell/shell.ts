import { z } from "zod";
import { countField, pathField } from "../fields.ts";
import { defineTool } from "../tool.ts";
import { byShell, commandLineField } from "./command-line.ts";
import { commandAnswer, runCommand } from "./run-command.ts";

export const shell = defineTool({
  name: "shell",
  description: `Runs a command line in the sandbox with bash (sh where there is no bash) and waits for it to end.
Each call starts a new shell in the workspace: changed directories and variables do not outlive it, files do. Standard input is empty. When the call ends, all that it started is killed, background processes too: start what is to go on with background_start. There is no terminal.
Comes back: standard output, then standard error behind a line [stderr], then, unless the exit code is 0, a line that says how it ended. Of long output the beginning and the end are given, and how many bytes are missing between them.
Use it to build, test, and inspect; grep, read_file and edit_file are better at searching, reading and changing files.`,
  effect: "write",
  arguments: z.strictObject({
    command: commandLineField("The command line, as typed into bash; several lines are fine."),
    cwd: pathField("Directory to run in, relative to the workspace. Default: the workspace.").optional(),
    timeout_ms: countField(
      1,
      600_000,
      120_000,
      "Milliseconds after which the command and all that it started are killed.",
    ),
    max_output_bytes: countField(
      1024,
      131_072,
      32_768,
      "Most bytes given of each of stdout and stderr: half from the beginning, half from the end.",
    ),
  }),
  async run(context, { command: line, cwd, timeout_ms: timeoutMs, max_output_bytes: maxBytes }) {
    const command = { ...byShell(line), cwd, timeoutMs, maxBytes };
    return commandAnswer(context, command, await runCommand(context, command));
  },
});
