import { z } from "zod";
import { BerthError } from "../../../core/errors.ts";
import { countField, pathField } from "../../fields.ts";
import { withRemedy } from "../../remedy.ts";
import { defineTool } from "../../tool.ts";
import { byShell, commandLineField } from "../command-line.ts";
import { nameField } from "./name-field.ts";

export const backgroundStart = defineTool({
  name: "background_start",
  description: `Starts a command line in the background under a name, and answers at once: a server, a watcher, a long build.
It runs as in shell and goes on until it ends, background_stop ends it, its time is up or the task is over; then all that it started is killed. At most 8 run at once. Read what it writes with background_output; what else you need to know of it tells background_status.`,
  effect: "write",
  arguments: z.strictObject({
    name: nameField("What to call it; no other that runs may have the name."),
    command: commandLineField("The command line, as typed into bash. Do not end it with &."),
    cwd: pathField("Directory to run in, relative to the workspace. Default: the workspace.").optional(),
    timeout_ms: countField(
      1,
      86_400_000,
      86_400_000,
      "Milliseconds after which it is killed with all that it started.",
    ),
  }),
  async run({ guest, callId, env, signal }, { name, command, cwd, timeout_ms: timeoutMs }) {
    const started = guest.startBackground(
      { name, callId, ...byShell(command), ...(cwd === undefined ? {} : { cwd }), env, timeoutMs },
      { signal },
    );
    const choose = "Choose another name, or stop that one with background_stop first.";
    const most = "Stop one that is not needed with background_stop.";
    await withRemedy("file_exists", choose, started).catch((thrown: unknown) => {
      // What the policy itself keeps running is not the machine's load.
      if (!(thrown instanceof BerthError) || thrown.code !== "overloaded") throw thrown;
      throw new BerthError("invalid_arguments", `Too much runs already: ${thrown.message}.`, {
        cause: thrown,
        remedy: most,
      });
    });
    return { output: `started ${name}\n`, data: { name } };
  },
});
