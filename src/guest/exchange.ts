import { constants, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from "node:http2";
import { pipeline } from "node:stream";
import { crashPoint } from "../core/crash-point.ts";
import { BerthError } from "../core/errors.ts";
import { StreamBroken, unacceptable } from "./guest-error.ts";

/** Replies that are errors are small, whatever was asked. */
const maxErrorReplyBytes = 64 * 1024;

export interface GuestCall {
  /** For messages: `exec`, `files/read`. */
  readonly what: string;
  readonly method: "GET" | "POST" | "PUT";
  /** With its query. */
  readonly path: string;
  /** Sent as `berth-call-id`; the reply must echo it. */
  readonly callId: string;
  /** Sent as `berth-epoch`: the guest refuses a lower one than it has seen. */
  readonly epoch?: number | undefined;
  readonly body?: Uint8Array | NodeJS.ReadableStream;
  readonly maxReplyBytes: number;
  /** Makes what takes a successful reply's body piece by piece instead of keeping it; what that throws ends the call. */
  readonly reader?: () => (chunk: Buffer) => void;
}

export interface GuestReply {
  readonly status: number;
  readonly bootId: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * One request and its reply on a session. `bootId` is the only one that may answer; undefined accepts any (the first
 * handshake). Ends with the signal's reason when it aborts, and then resets the stream, which cancels the work in the guest.
 * @throws StreamBroken, BerthError `guest_protocol` or `sandbox_lost`
 */
export function exchange(
  session: ClientHttp2Session,
  call: GuestCall,
  bootId: string | undefined,
  signal: AbortSignal,
): Promise<GuestReply> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    let stream: ClientHttp2Stream;
    try {
      stream = session.request(requestHeaders(call, bootId), { endStream: call.body === undefined });
    } catch (thrown) {
      return reject(new StreamBroken(false, thrown));
    }
    let settled = false;
    let head: { status: number; bootId: string; headers: IncomingHttpHeaders } | undefined;
    let bytes = 0;
    const chunks: Buffer[] = [];
    const read = call.reader?.();

    const settle = (end: () => void, resetCode: number) => {
      if (settled) return;
      settled = true;
      signal.removeEventListener("abort", onAbort);
      stream.removeListener("data", onData);
      stream.resume();
      stream.close(resetCode);
      end();
    };
    const fail = (reason: unknown) => settle(() => reject(reason), constants.NGHTTP2_CANCEL);
    const broken = (cause?: unknown) => {
      if (!settled) fail(new StreamBroken(stream.rstCode !== constants.NGHTTP2_REFUSED_STREAM, cause));
    };
    const onAbort = () => fail(signal.reason);
    const onData = (chunk: Buffer) => {
      const failed = head !== undefined && head.status >= 400;
      bytes += chunk.length;
      const limit = failed ? maxErrorReplyBytes : call.maxReplyBytes;
      if (bytes > limit) return fail(unacceptable(call.what, `it is longer than ${limit} bytes`));
      if (failed || read === undefined) {
        chunks.push(chunk);
        return;
      }
      try {
        read(chunk);
      } catch (thrown) {
        fail(thrown);
      }
    };

    signal.addEventListener("abort", onAbort, { once: true });
    // Pieces of the body may be there before the event that tells the headers: they are read after it.
    stream.once("response", (headers) => {
      try {
        head = { status: headers[":status"] ?? 0, bootId: checkHeaders(call, headers, bootId), headers };
      } catch (thrown) {
        return fail(thrown);
      }
      stream.on("data", onData);
    });
    stream.once("end", () => {
      if (head === undefined || stream.aborted || stream.rstCode !== constants.NGHTTP2_NO_ERROR) return broken();
      const reply = { ...head, body: Buffer.concat(chunks) };
      settle(() => resolve(reply), constants.NGHTTP2_NO_ERROR);
    });
    stream.on("error", broken);
    stream.once("close", () => broken());

    if (call.body instanceof Uint8Array) stream.end(call.body, () => crashPoint("guest.asked"));
    else if (call.body !== undefined) {
      pipeline(call.body, stream, (thrown) => {
        if (thrown && !stream.destroyed) fail(thrown);
      });
    }
  });
}

export function requestHeaders(
  call: Pick<GuestCall, "method" | "path" | "callId" | "epoch">,
  bootId: string | undefined,
): Record<string, string> {
  return {
    ":method": call.method,
    ":path": call.path,
    "berth-call-id": call.callId,
    ...(bootId === undefined ? {} : { "berth-expect-boot": bootId }),
    ...(call.epoch === undefined ? {} : { "berth-epoch": String(call.epoch) }),
  };
}

/** Gives the boot id that a reply's headers carry. @throws BerthError `guest_protocol`, `sandbox_lost` for that of another boot */
export function checkHeaders(
  call: Pick<GuestCall, "what" | "callId">,
  headers: IncomingHttpHeaders,
  bootId: string | undefined,
): string {
  const answering = headers["berth-boot-id"];
  if (typeof answering !== "string" || !/^[0-9a-f]{16,128}$/.test(answering)) {
    throw unacceptable(call.what, "it carries no boot id");
  }
  if (bootId !== undefined && answering !== bootId) {
    throw new BerthError("sandbox_lost", "Another guest answers: the sandbox was started anew.");
  }
  if (headers["berth-call-id"] !== call.callId) throw unacceptable(call.what, "it belongs to another call");
  return answering;
}
