import { sendLine } from "../../../tool/channel/channel.ts";
import type { ToolContext } from "../../../tool/tool.ts";
import { deadlineOf, tooLate, type Observed } from "./observed.ts";
import type { BashAction } from "../wire.ts";
import { plain } from "./heard.ts";
import { listen } from "./listen.ts";
import { runLine, shellEnded, turnOf, type NamedSession } from "./session.ts";
import { atExpected, atPrompt, firstOf } from "./stops.ts";
import { settingUp } from "./typed-lines.ts";

/** For the shell to be itself again once a program has given the terminal back. */
const restoreMs = 10_000;

/** Types a line into whatever has the terminal, and waits for what it is expected to say, or for the prompt. There is no exit code: it counts as 0. */
export async function runInteractive(
  session: NamedSession,
  context: ToolContext,
  asked: BashAction,
  from: number,
): Promise<Observed> {
  const { command, expect, is_interactive_quit: quits } = asked;
  const stop = firstOf(atExpected(expect), atPrompt(session.secret));
  const deadline = deadlineOf(context, asked);
  await sendLine(context, session.name, command);
  const { heard, found } = await listen(context, session.name, { from, stop, deadline });
  if (found === "late") throw tooLate(asked);
  if (found === "ended") throw shellEnded(session.asked, plain(heard.text()));
  const output = plain(heard.text(found.at));
  if (!quits) return { output: withoutEcho(output, command), exitCode: 0, by: found.by };
  // Programs may leave a terminal that echoes.
  const line = settingUp(session.secret);
  const until = context.clock.monotonic() + restoreMs;
  await runLine(session, turnOf(context, "quit"), { line, from: from + found.at, deadline: until });
  return { output, exitCode: 0, by: found.by };
}

/** Interactive programs turn the echo on. */
function withoutEcho(output: string, command: string): string {
  const text = output.trimStart();
  return (text.startsWith(command) ? text.slice(command.length) : text).trim();
}
