import type { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { BerthError } from "../../core/errors.ts";
import type { Sessions, SessionState } from "../../guest/sessions.ts";
import { writerOf } from "../terminal/writer.ts";
import type { ToolContext } from "../tool.ts";
import { FrameReader } from "./frame-reader.ts";

const pieceBytes = 65_536;
const pageBytes = 262_144;
/** For a program that is busy to read what it is sent. */
const patienceMs = 3_000;
/** A wait for output, at most; the guest allows a minute. */
const longestWaitMs = 20_000;

/** Undefined where none of that name was opened, or it is forgotten. */
export async function knownSession(
  sessions: Sessions,
  name: string,
  signal: AbortSignal,
): Promise<SessionState | undefined> {
  try {
    return await sessions.state(name, { signal });
  } catch (thrown) {
    if (thrown instanceof BerthError && thrown.code === "unknown_session") return undefined;
    throw thrown;
  }
}

/** False when the program does not read, or has ended. */
export async function sendLine(
  { guest: { sessions }, callId, signal }: Pick<ToolContext, "guest" | "callId" | "signal">,
  name: string,
  line: string,
): Promise<boolean> {
  const bytes = Buffer.from(`${line}\n`);
  const writer = writerOf(callId);
  for (let offset = 0; offset < bytes.length;) {
    const piece = bytes.subarray(offset, offset + pieceBytes);
    const accepted = await sessions.input(name, piece, { writer, offset, waitMs: patienceMs }, { signal });
    if (accepted < offset + piece.length) return false;
    offset = accepted;
  }
  return true;
}

/** Reads the frames of one call; what is left of an earlier one is passed over. */
export class CallFrames<Frame extends { readonly id: string }> {
  readonly #sessions: Sessions;
  readonly #clock: Clock;
  readonly #callId: string;
  readonly #signal: AbortSignal;
  readonly #name: string;
  readonly #reader: FrameReader<Frame>;
  #ready: Frame[] = [];
  #offset: number;

  /** `from`: the offset in the session's output at which the call begins. */
  constructor(
    { guest, callId, clock, signal }: Pick<ToolContext, "guest" | "callId" | "clock" | "signal">,
    session: { readonly name: string; readonly from: number; readonly frames: z.ZodType<Frame> },
  ) {
    this.#sessions = guest.sessions;
    this.#clock = clock;
    this.#callId = callId;
    this.#signal = signal;
    this.#name = session.name;
    this.#offset = session.from;
    this.#reader = new FrameReader(session.frames);
  }

  /** The next one; `ended` when the program has ended without another, `late` when the time of the monotonic clock comes first. */
  async next(deadline: number): Promise<Frame | "ended" | "late"> {
    for (;;) {
      const ready = this.#ready.shift();
      if (ready !== undefined) return ready;
      const left = deadline - this.#clock.monotonic();
      if (left <= 0) return "late";
      const waitMs = Math.ceil(Math.min(left, longestWaitMs));
      const wanted = { offset: this.#offset, limit: pageBytes, waitMs, quietMs: 0 };
      const page = await this.#sessions.output(this.#name, wanted, { signal: this.#signal });
      for (const frame of this.#reader.take(page.bytes)) if (frame.id === this.#callId) this.#ready.push(frame);
      this.#offset = page.offset + page.bytes.length;
      if (page.ended && this.#offset >= page.totalBytes && this.#ready.length === 0) return "ended";
    }
  }
}
