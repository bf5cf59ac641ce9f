import { keys } from "../../../tool/terminal/keys.ts";
import { writerOf } from "../../../tool/terminal/writer.ts";
import type { ToolContext } from "../../../tool/tool.ts";
import { WAIT_TIMEOUT } from "../class-paths.ts";
import { Raised } from "../raised.ts";
import type { Observed } from "./observed.ts";
import type { InterruptAction } from "../wire.ts";
import { plain } from "./heard.ts";
import { listen } from "./listen.ts";
import { shellEnded, turnOf, untilFree, type NamedSession } from "./session.ts";
import { atExpected, atPrompt, firstOf } from "./stops.ts";
import { anyMark } from "./typed-lines.ts";

const typingMs = 2_000;
/** For the kernel to give the terminal back, after the prompt. */
const freeMs = 500;
const pageBytes = 262_144;
/** As much as is kept of a session's output. */
const mostPages = 2;

/** Presses Ctrl-C until the prompt comes; then stops the program and kills it. What it wrote since it began comes back. */
export async function interrupt(
  session: NamedSession,
  context: ToolContext,
  { timeout, n_retry: attempts, expect }: InterruptAction,
  from: number,
): Promise<Observed> {
  const { guest, clock, signal } = context;
  const stop = firstOf(atExpected(expect), atPrompt(session.secret));
  const presses = [...Array.from({ length: attempts }, () => keys.interrupt), keys.suspend, "kill -9 %1\n"];
  const before = await sinceLastMark(session, context, from);
  let offset = from;
  for (const [turn, typed] of presses.entries()) {
    const { callId } = turnOf(context, String(turn));
    const writer = { writer: writerOf(callId), offset: 0, waitMs: typingMs };
    await guest.sessions.input(session.name, Buffer.from(typed), writer, { signal });
    const deadline = clock.monotonic() + timeout * 1000;
    const { heard, found } = await listen(context, session.name, { from: offset, stop, deadline });
    if (found === "ended") throw shellEnded(session.asked, plain(heard.text()));
    const isStopped = typed === keys.suspend && found !== "late";
    if (found === "late" || isStopped) {
      if (isStopped) offset += heard.bytes.length;
      continue;
    }
    await untilFree(session, context, clock.monotonic() + freeMs);
    return { output: plain(before + heard.text(found.at)).trim(), exitCode: 0, by: found.by };
  }
  throw new Raised(WAIT_TIMEOUT, `What runs in the session ${JSON.stringify(session.asked)} could not be interrupted.`);
}

/** The output of the command that runs, up to an offset. */
async function sinceLastMark({ name }: NamedSession, { guest, signal }: ToolContext, until: number): Promise<string> {
  let text = "";
  let offset = Math.max(0, until - mostPages * pageBytes);
  while (offset < until) {
    const page = await guest.sessions.output(name, { offset, limit: Math.min(pageBytes, until - offset) }, { signal });
    if (page.bytes.length === 0) break;
    text += page.bytes.toString("latin1");
    offset = page.offset + page.bytes.length;
  }
  const last = [...text.matchAll(anyMark)].at(-1);
  return Buffer.from(last ? text.slice(last.index + last[0].length) : text, "latin1").toString("utf8");
}
