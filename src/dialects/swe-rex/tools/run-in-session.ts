import type { ToolContext } from "../../../tool/tool.ts";
import { plain } from "../bash/heard.ts";
import { runInteractive } from "../bash/interactive.ts";
import { interrupt } from "../bash/interrupt.ts";
import { namedSession, runLine, shellEnded, untilFree, withSession, type NamedSession } from "../bash/session.ts";
import { deadlineOf, tooLate, type Observed } from "../bash/observed.ts";
import { checkSyntax } from "../bash/syntax.ts";
import { NO_EXIT_CODE, NON_ZERO_EXIT } from "../class-paths.ts";
import { Raised, recorded } from "../raised.ts";
import { action, type BashAction } from "../wire.ts";
import { doorTool } from "./door-tool.ts";

/** Runs a command in a session, or interrupts what runs in it. `key`: as `namedSession` takes it. */
export const runInSession = (key: string) =>
  doorTool("swe_rex_run_in_session", action, (context, request) =>
    recorded(async () => {
      const session = namedSession(request.session, key);
      const { output, exitCode, by } = await withSession(session, context, (from) =>
        request.action_type === "bash_interrupt"
          ? interrupt(session, context, request, from)
          : request.is_interactive_command || request.is_interactive_quit
            ? runInteractive(session, context, request, from)
            : runNormal(session, context, request, from),
      );
      const answer = { output, exit_code: exitCode, failure_reason: "", expect_string: by, session_type: "bash" };
      return { output, answer };
    }),
  );

async function runNormal(
  session: NamedSession,
  context: ToolContext,
  asked: BashAction,
  from: number,
): Promise<Observed> {
  const { command, check, expect } = asked;
  await checkSyntax(command, context);
  const deadline = deadlineOf(context, asked);
  if (!(await untilFree(session, context, deadline))) throw tooLate(asked);
  const { heard, found } = await runLine(session, context, { line: command, from, deadline, expect });
  if (found === "late") throw tooLate(asked);
  if (found === "ended") throw shellEnded(session.asked, plain(heard.text()));
  const { at, by, code } = found;
  const output = plain(heard.text(at));
  if (check === "ignore") return { output, exitCode: null, by };
  if (check === "raise") assertWell(asked, output, code);
  return { output, exitCode: code ?? null, by };
}

function assertWell({ command, error_msg: message }: BashAction, output: string, code: number | undefined): void {
  if (code === 0) return;
  const what = JSON.stringify(command);
  if (code === undefined) throw new Raised(NO_EXIT_CODE, `Expected output came first, before an exit code of ${what}.`);
  const said = `Exit code ${code} of ${what}. Its output:\n${output}`;
  throw new Raised(NON_ZERO_EXIT, message === "" ? said : `${message}: ${said}`);
}
