import { BerthError } from "../../core/errors.ts";
import { Slots } from "../../core/slots.ts";
import type { Sessions, SessionState } from "../../guest/sessions.ts";
import { CallFrames, knownSession, sendLine } from "../channel/channel.ts";
import type { ToolContext } from "../tool.ts";
import { browserDriver } from "./driver.ts";
import { endedFailure, failureOf } from "./failure.ts";
import { browserFrame, type BrowserAnswer } from "./frames.ts";

export const browserSession = "berth.browser";
/** For the driver to answer beyond the time that it was given, before it and its browser are killed. */
const answerGraceMs = 5_000;
/** For what does not read any more to be known as ended. */
const endingMs = 1_000;
const exitNotFound = 127;

/** One question at a time: reads run side by side, and a channel has one reader. */
const turns = new WeakMap<Sessions, Slots>();

/** What the driver is asked: `op` and what belongs to it. */
export interface BrowserQuestion {
  readonly op: "open" | "snapshot" | "click" | "type" | "screenshot" | "close";
  readonly [field: string]: unknown;
}

/**
 * Asks the browser of the sandbox, which opening starts where it does not run. A driver that does not answer in time is killed with its browser.
 * @throws BerthError of cause `policy`: `browser_missing`, `browser_not_started`, `browser_closed`, `element_not_found`, `page_…`; besides what `Sessions` throws
 */
export async function askBrowser(
  context: ToolContext,
  question: BrowserQuestion,
  wantedMs: number,
): Promise<BrowserAnswer> {
  const { sessions } = context.guest;
  const turn = turns.get(sessions) ?? new Slots(1);
  turns.set(sessions, turn);
  return await turn.run(() => askAlone(context, question, Math.min(wantedMs, context.mostMs)), context.signal);
}

async function askAlone(context: ToolContext, question: BrowserQuestion, timeoutMs: number): Promise<BrowserAnswer> {
  const { guest, callId, clock, signal } = context;
  const from = await running(context, question.op === "open");
  const frames = new CallFrames(context, { name: browserSession, from, frames: browserFrame });
  const sent = await sendLine(
    context,
    browserSession,
    JSON.stringify({ ...question, id: callId, timeout_ms: timeoutMs }),
  );
  const frame = await frames.next(clock.monotonic() + (sent ? timeoutMs + answerGraceMs : endingMs));
  if (frame === "ended") throw notThere(await guest.sessions.state(browserSession, { signal }));
  if (frame === "late") {
    await guest.sessions.close(browserSession, { signal });
    throw new BerthError("browser_closed", `The browser did not answer within ${timeoutMs} ms and was killed.`);
  }
  if (frame.type === "failed") throw failureOf(frame);
  return frame;
}

/** Where the output of what comes now begins. */
async function running({ guest, callId, env, signal }: ToolContext, start: boolean): Promise<number> {
  const { sessions } = guest;
  const there = await knownSession(sessions, browserSession, signal);
  if (there?.state === "running") return there.totalBytes;
  if (!start) throw there ? endedFailure(there.outcome) : new BerthError("browser_closed", "No browser is open.");
  const argv = ["node", "-e", browserDriver];
  await sessions.open({ name: browserSession, callId, kind: "channel", argv, env }, { signal });
  return 0;
}

function notThere({ outcome }: SessionState): BerthError {
  if (outcome?.type !== "exited" || outcome.code !== exitNotFound) return endedFailure(outcome);
  return new BerthError("browser_missing", "There is no Node.js in this sandbox, which the browser is driven by.");
}
