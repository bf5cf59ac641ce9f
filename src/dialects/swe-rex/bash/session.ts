import { createHash, randomBytes } from "node:crypto";
import { BerthError } from "../../../core/errors.ts";
import { sendLine } from "../../../tool/channel/channel.ts";
import type { ToolContext } from "../../../tool/tool.ts";
import { NO_SESSION, SHELL_ENDED } from "../class-paths.ts";
import { Raised } from "../raised.ts";
import type { Heard } from "./heard.ts";
import { listen } from "./listen.ts";
import { atEnd, atExpected, firstOf, type Stop } from "./stops.ts";
import { beginMark, commandLines } from "./typed-lines.ts";

export type SessionContext = Pick<ToolContext, "guest" | "clock" | "signal" | "callId">;

/** A session as the client names it, and as the sandbox knows it: under a name that no tool of a policy can open. */
export interface NamedSession {
  readonly asked: string;
  readonly name: string;
  /** 32 hexadecimal digits that mark its prompt. */
  readonly secret: string;
}

export const PREFIX = "berth.swe-rex.";

const digest = (...parts: readonly string[]): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);

/** `key`: what only controllers of this installation know of the rollout, so that each knows the session's prompt. */
export const namedSession = (asked: string, key: string): NamedSession => ({
  asked,
  name: PREFIX + digest("name", asked),
  secret: digest("prompt", asked, key),
});

/** Runs with the session, whose shell must live. @throws Raised where there is none of that name, or it has ended */
export async function withSession<T>(
  { asked, name }: NamedSession,
  { guest, signal }: SessionContext,
  work: (totalBytes: number) => Promise<T>,
): Promise<T> {
  try {
    const { state, outcome, totalBytes } = await guest.sessions.state(name, { signal });
    // One that was closed is known for a while, and is no session of the client any more.
    if (outcome?.type === "cancelled") throw noSession(asked);
    if (state === "ended") throw shellEnded(asked);
    return await work(totalBytes);
  } catch (thrown) {
    if (thrown instanceof BerthError && thrown.code === "unknown_session") throw noSession(asked);
    throw thrown;
  }
}

export const noSession = (asked: string): Raised =>
  new Raised(NO_SESSION, `There is no session ${JSON.stringify(asked)}.`);

export const shellEnded = (asked: string, output = ""): Raised =>
  new Raised(
    SHELL_ENDED,
    `The shell of the session ${JSON.stringify(asked)} has ended.${output === "" ? "" : ` Its output:\n${output}`}`,
  );

/** Each thing that a call types is known by its call and its turn, so that nothing is typed twice. */
export const turnOf = (context: SessionContext, turn: string): SessionContext => ({
  ...context,
  callId: `${context.callId}~${turn}`,
});

const LOOK_AGAIN_MS = 50;

/** Waits until the shell itself has the terminal: what is typed before would be another program's. False when the time is over first. */
export async function untilFree({ name }: NamedSession, { guest, clock, signal }: SessionContext, deadline: number) {
  for (;;) {
    const { busy, state } = await guest.sessions.state(name, { signal });
    if (!busy || state === "ended") return true;
    if (clock.monotonic() >= deadline) return false;
    await clock.sleep(LOOK_AGAIN_MS, signal);
  }
}

/** Has the shell run a command, and waits for its end or for output that is expected. */
export async function runLine(
  session: NamedSession,
  context: SessionContext,
  { line, from, deadline, expect = [] }: { line: string; from: number; deadline: number; expect?: readonly string[] },
): Promise<{ heard: Heard; found: Stop | "late" | "ended" }> {
  const nonce = randomBytes(16).toString("hex");
  const stop = firstOf(atExpected(expect), atEnd(nonce));
  // A shell that does not read now may do so within the time; one that has ended is told of below.
  await sendLine(context, session.name, commandLines(line, nonce));
  return await listen(context, session.name, { from, begin: beginMark(nonce), stop, deadline });
}
