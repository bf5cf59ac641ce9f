import { runCommand } from "../../../tool/shell/run-command.ts";
import type { ToolContext } from "../../../tool/tool.ts";
import { SYNTAX_ERROR } from "../class-paths.ts";
import { Raised } from "../raised.ts";
import { streamText } from "../stream-text.ts";

const checkMs = 30_000;
const mostBytes = 16_384;

/** Has bash read a command without running it. @throws Raised for one that it cannot read */
export async function checkSyntax(command: string, context: ToolContext): Promise<void> {
  const checked = { argv: ["bash", "-n"], stdin: `${command}\n`, timeoutMs: checkMs, maxBytes: mostBytes };
  const { outcome, stdout, stderr } = await runCommand(context, checked);
  // A bash that was killed or is missing says nothing of the command.
  if (outcome.type !== "exited" || outcome.code === 0 || outcome.code > 2) return;
  const [bash_stdout, bash_stderr] = [streamText(stdout), streamText(stderr)];
  const message = `bash cannot read the command ${JSON.stringify(command.slice(0, 4_096))}:\n${bash_stderr}`;
  throw new Raised(SYNTAX_ERROR, message, { bash_stdout, bash_stderr });
}
