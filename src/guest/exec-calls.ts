import { systemClock, type Clock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import { BerthError } from "../core/errors.ts";
import type { CapturedStream } from "../model/tool-call.ts";
import { GuestRefusal, StreamBroken, unacceptable } from "./guest-error.ts";
import type { ExecRequest, ExecResult } from "./guest.ts";
import type { RequestOptions } from "./request-options.ts";
import { assertSuccess, countHeader, readReply } from "./reply.ts";
import { unknownOutcome, type Requester } from "./requester.ts";
import { wireExecResult, wireExecState, wireNothing, type WireExecResult } from "./wire.ts";

/** What the guest may take beyond a call's own time, to kill its tree and to answer. */
const answerGraceMs = 15_000;
/** A byte of output is at most six of JSON. */
const jsonBytesPerByte = 6;
const pollMs = 100;
const maxOutputPageBytes = 1024 * 1024;

/** Commands in the sandbox: run one, end one, read what one wrote. */
export class ExecCalls {
  readonly #requester: Requester;
  readonly #clock: Clock;
  /** Running calls that somebody asked to end. */
  readonly #cancelled = new Set<string>();
  readonly #running = new Set<string>();

  constructor(requester: Requester, clock: Clock = systemClock) {
    this.#requester = requester;
    this.#clock = clock;
  }

  /**
   * When the stream breaks, the guest is asked what became of the call. A call that ended only because its stream broke is `lost`.
   * @throws BerthError `outcome_unknown` when the guest does not say, or has run this call id before
   */
  async exec(request: ExecRequest, options: RequestOptions = {}): Promise<ExecResult> {
    const { callId } = request;
    const timeoutMs = options.timeoutMs ?? request.timeoutMs + answerGraceMs;
    this.#running.add(callId);
    try {
      return await withDeadline("The guest's answer to exec", timeoutMs, (signal) => this.#run(request, signal), {
        parent: options.signal,
        code: "outcome_unknown",
      });
    } finally {
      this.#running.delete(callId);
      this.#cancelled.delete(callId);
    }
  }

  async cancel(callId: string, options?: RequestOptions): Promise<void> {
    if (this.#running.has(callId)) this.#cancelled.add(callId);
    const path = `/v1/exec/${encodeURIComponent(callId)}/cancel`;
    const reply = await this.#requester.read(
      { what: "exec/cancel", method: "POST", path, callId, maxReplyBytes: 4_096 },
      options,
    );
    readReply("exec/cancel", reply, wireNothing);
  }

  async output(
    callId: string,
    stream: "stdout" | "stderr",
    range: { offset: number; limit: number },
    options?: RequestOptions,
  ): Promise<{ bytes: Buffer; totalBytes: number; spooledBytes: number }> {
    const limit = Math.min(range.limit, maxOutputPageBytes);
    const query = new URLSearchParams({ stream, offset: String(range.offset), limit: String(limit) });
    const path = `/v1/exec/${encodeURIComponent(callId)}/output?${query}`;
    const reply = await this.#requester.read(
      { what: "exec/output", method: "GET", path, callId, maxReplyBytes: limit },
      options,
    );
    assertSuccess("exec/output", reply);
    return {
      bytes: reply.body,
      totalBytes: countHeader("exec/output", reply.headers["berth-total-bytes"]),
      spooledBytes: countHeader("exec/output", reply.headers["berth-spooled-bytes"]),
    };
  }

  async #run(request: ExecRequest, signal: AbortSignal): Promise<ExecResult> {
    try {
      return await this.#start(request, signal);
    } catch (thrown) {
      if (!(thrown instanceof StreamBroken)) throw thrown;
    }
    try {
      return await this.#recover(request, signal);
    } catch (thrown) {
      const silent =
        thrown instanceof StreamBroken || (thrown instanceof BerthError && thrown.code === "deadline_exceeded");
      throw silent ? unknownOutcome({ what: "exec" }, thrown) : thrown;
    }
  }

  async #start(request: ExecRequest, signal: AbortSignal): Promise<ExecResult> {
    const body = Buffer.from(
      JSON.stringify({
        call_id: request.callId,
        argv: request.argv,
        otherwise: request.otherwise ?? [],
        cwd: request.cwd ?? "",
        env: request.env,
        stdin: request.stdin ?? "",
        timeout_ms: request.timeoutMs,
        head_bytes: request.headBytes,
        tail_bytes: request.tailBytes,
        user: request.user ?? "tool",
      }),
    );
    const { callId } = request;
    const question = {
      what: "exec",
      method: "POST",
      path: "/v1/exec",
      callId,
      body,
      maxReplyBytes: maxResultBytes(request),
    } as const;
    const reply = await this.#requester.once(question, signal);
    return resultOf(request, readReply("exec", reply, wireExecResult));
  }

  /** The call id runs at most once in a boot, so a call that the guest does not know may be sent again. */
  async #recover(request: ExecRequest, signal: AbortSignal): Promise<ExecResult> {
    const { callId } = request;
    const path = `/v1/exec/${encodeURIComponent(callId)}`;
    for (;;) {
      try {
        const question = { what: "exec", method: "GET", path, callId, maxReplyBytes: maxResultBytes(request) } as const;
        const state = readReply("exec", await this.#requester.repeat(question, signal), wireExecState);
        if (state.state === "done") {
          const result = resultOf(request, state.result);
          const unasked = result.outcome.type === "cancelled" && !this.#cancelled.has(callId);
          return unasked ? { ...result, outcome: { type: "lost" } } : result;
        }
      } catch (thrown) {
        if (thrown instanceof GuestRefusal && thrown.guestCode === "unknown_call")
          return await this.#start(request, signal);
        throw thrown;
      }
      await this.#clock.sleep(pollMs, signal);
    }
  }
}

function maxResultBytes(request: ExecRequest): number {
  return 2 * (request.headBytes + request.tailBytes) * jsonBytesPerByte + 16_384;
}

function resultOf(request: ExecRequest, told: WireExecResult): ExecResult {
  if (told.call_id !== request.callId) throw unacceptable("exec", "it belongs to another call");
  assertWithinCaps(request, told.stdout);
  assertWithinCaps(request, told.stderr);
  return {
    callId: told.call_id,
    bootId: told.boot_id,
    outcome: told.outcome,
    stdout: told.stdout,
    stderr: told.stderr,
    durationMs: told.duration_ms,
    survivorsKilled: told.survivors_killed,
  };
}

/** A byte that is no UTF-8 comes back as the three of U+FFFD. */
function assertWithinCaps(request: ExecRequest, stream: CapturedStream): void {
  const kept = Buffer.byteLength(stream.head) + Buffer.byteLength(stream.tail);
  if (kept > 3 * (request.headBytes + request.tailBytes))
    throw unacceptable("exec", "it holds more output than was asked for");
}
