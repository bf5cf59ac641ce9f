import type { z } from "zod";
import type { ErrorCode } from "../core/errors.ts";
import { unacceptable, type GuestErrorCode } from "./guest-error.ts";
import type { RequestOptions } from "./request-options.ts";
import { assertSuccess, countHeader, readReply } from "./reply.ts";
import type { GuestQuestion, Requester } from "./requester.ts";
import type { OpenSession, OutputWanted, SessionOutput, Sessions, SessionState, TerminalSize } from "./sessions.ts";
import { wireAccepted, wireNothing, wireSession, wireSessions } from "./wire.ts";

/** What an answer may take beyond the time that its question waits, the killing of a tree of processes included. */
const answerGraceMs = 15_000;
/** A path of 4,096 control characters in JSON, and the rest. */
const stateBytes = 32 * 1024;
const mostKnown = 32;

type Meaning = Partial<Record<GuestErrorCode, ErrorCode>>;

const ofOpening: Meaning = { already_exists: "session_exists", precondition_failed: "session_limit" };
const ofAny: Meaning = { not_found: "unknown_session", precondition_failed: "invalid_arguments" };

/** Every question may be asked twice: openings are known by their call, input by its offset, and what ended stays ended. */
export class SessionRequests implements Sessions {
  readonly #requester: Requester;

  constructor(requester: Requester) {
    this.#requester = requester;
  }

  async open(request: OpenSession, options?: RequestOptions): Promise<SessionState> {
    const { name, callId, kind, argv, otherwise = [], cwd = "", env, rows = 24, columns = 80 } = request;
    const body = json({ name, call_id: callId, kind, argv, otherwise, cwd, env, rows, columns });
    const question = {
      what: "sessions",
      method: "POST",
      path: "/v1/sessions",
      body,
      maxReplyBytes: stateBytes,
    } as const;
    return stateOf(name, readReply("sessions", await this.#requester.read(question, options), wireSession, ofOpening));
  }

  async state(name: string, options?: RequestOptions): Promise<SessionState> {
    const question = { what: "session", method: "GET", path: at(name), maxReplyBytes: stateBytes } as const;
    return stateOf(name, readReply("session", await this.#requester.read(question, options), wireSession, ofAny));
  }

  async list(options?: RequestOptions): Promise<readonly SessionState[]> {
    const maxReplyBytes = mostKnown * stateBytes;
    const question = { what: "sessions", method: "GET", path: "/v1/sessions", maxReplyBytes } as const;
    const told = readReply("sessions", await this.#requester.read(question, options), wireSessions);
    return told.sessions.map((session) => stateOf(session.name, session));
  }

  async output(name: string, wanted: OutputWanted, options?: RequestOptions): Promise<SessionOutput> {
    const what = "session/output";
    const { offset, limit, waitMs = 0, quietMs = 0 } = wanted;
    const query = queryOf({ offset, limit, wait_ms: waitMs, quiet_ms: quietMs });
    const reply = await this.#requester.read(
      { what, method: "GET", path: `${at(name)}/output?${query}`, maxReplyBytes: limit },
      { timeoutMs: waitMs + answerGraceMs, ...options },
    );
    assertSuccess(what, reply, ofAny);
    const told = {
      bytes: reply.body,
      offset: countHeader(what, reply.headers["berth-offset"]),
      totalBytes: countHeader(what, reply.headers["berth-total-bytes"]),
      ended: reply.headers["berth-ended"] === "true",
    };
    if (told.offset + told.bytes.length > told.totalBytes) throw unacceptable(what, "it holds more than there is");
    return told;
  }

  async input(
    name: string,
    bytes: Uint8Array,
    { writer, offset, waitMs }: { writer: string; offset: number; waitMs: number },
    options?: RequestOptions,
  ): Promise<number> {
    const what = "session/input";
    const query = queryOf({ writer, offset, wait_ms: waitMs });
    const reply = await this.#requester.read(
      { what, method: "POST", path: `${at(name)}/input?${query}`, body: bytes, maxReplyBytes: 4_096 },
      { timeoutMs: waitMs + answerGraceMs, ...options },
    );
    const { accepted } = readReply(what, reply, wireAccepted, ofAny);
    if (accepted > offset + bytes.byteLength) throw unacceptable(what, "it took more than was sent");
    return accepted;
  }

  async resize(name: string, { rows, columns }: TerminalSize, options?: RequestOptions): Promise<void> {
    await this.#change(name, "resize", { rows, columns }, wireNothing, options);
  }

  async interrupt(name: string, options?: RequestOptions): Promise<void> {
    await this.#change(name, "interrupt", {}, wireNothing, options);
  }

  async close(name: string, options?: RequestOptions): Promise<SessionState> {
    return stateOf(name, await this.#change(name, "close", {}, wireSession, options));
  }

  async #change<T>(
    name: string,
    change: string,
    body: object,
    schema: z.ZodType<T>,
    options?: RequestOptions,
  ): Promise<T> {
    const what = `session/${change}`;
    const path = `${at(name)}/${change}`;
    const question: GuestQuestion = { what, method: "POST", path, body: json(body), maxReplyBytes: stateBytes };
    return readReply(what, await this.#requester.read(question, options), schema, ofAny);
  }
}

const at = (name: string): string => `/v1/sessions/${encodeURIComponent(name)}`;

const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

function queryOf(fields: Record<string, string | number>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) query.set(name, String(value));
  return query.toString();
}

function stateOf(name: string, told: z.infer<typeof wireSession>): SessionState {
  if (told.name !== name) throw unacceptable("session", "it is of another session");
  if ((told.state === "ended") !== (told.outcome !== null))
    throw unacceptable("session", "it ended without an outcome");
  const { first_byte: firstByte, total_bytes: totalBytes, ...rest } = told;
  return { ...rest, firstByte, totalBytes };
}
