import { constants, type ClientHttp2Stream, type IncomingHttpHeaders, type IncomingHttpStatusHeader } from "node:http2";
import { Readable } from "node:stream";
import { BerthError } from "../core/errors.ts";
import { systemIds } from "../core/ids.ts";
import { byteStream } from "./byte-stream.ts";
import { checkHeaders, requestHeaders } from "./exchange.ts";
import { GuestRefusal, guestErrorBody, unacceptable } from "./guest-error.ts";
import { GuestLink, type OpenStream } from "./link.ts";
import { checked, parseJson } from "./reply.ts";

const what = "layer";
const connectTimeoutMs = 10_000;
const maxErrorReplyBytes = 64 * 1024;
/** Nothing comes for so long only from a guest that hangs: reading the largest folder takes seconds. */
const quietMs = 120_000;

const failedOutcome = guestErrorBody.shape.error;

/**
 * What a build sandbox changed since it began, as the gzipped tar that its guest makes, over a connection of its own. The
 * stream ends only when the guest says that it was all; destroying it ends the connection.
 * @throws BerthError `sandbox_lost`, `guest_protocol`, `setup_failed` for what no layer can hold, `deadline_exceeded`; the stream fails with them too
 */
export async function exportLayer(
  open: OpenStream,
  limits: { readonly entries: number; readonly bytes: number },
  signal?: AbortSignal,
): Promise<Readable> {
  const link = new GuestLink(open, connectTimeoutMs);
  try {
    const session = await link.session(signal);
    const call = { what, method: "POST", path: "/v1/layer", callId: systemIds.hex(8) } as const;
    const stream = session.request(requestHeaders(call, link.bootId), { endStream: false });
    stream.end(Buffer.from(JSON.stringify({ max_entries: limits.entries, max_bytes: limits.bytes })));
    const answer = await answerOf(stream, signal);
    checkHeaders(call, answer.headers, link.bootId);
    if (answer.headers[":status"] !== 200) throw await refusalOf(answer.body);
    const layer = Readable.from(piecesOf(answer, signal), { objectMode: false });
    // Whoever leaves does not wait for the piece that is under way.
    layer.once("close", () => link.close());
    return layer;
  } catch (thrown) {
    link.close();
    throw thrown;
  }
}

interface Answer {
  readonly headers: IncomingHttpHeaders & IncomingHttpStatusHeader;
  readonly body: Readable;
  /** How it ended, by the guest's word; once the body has. */
  readonly outcome: () => string | undefined;
}

function answerOf(stream: ClientHttp2Stream, signal: AbortSignal | undefined): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fail = (reason: unknown) => {
      signal?.removeEventListener("abort", onAbort);
      stream.close(constants.NGHTTP2_CANCEL);
      reject(reason);
    };
    const onAbort = () => fail(signal?.reason);
    const broken = (cause?: unknown) => fail(lost(cause));
    signal?.addEventListener("abort", onAbort, { once: true });
    stream.setTimeout(quietMs, () => fail(hung()));
    // Stays for good: what breaks later is told by the stream's close.
    stream.on("error", broken);
    stream.once("close", broken);
    let outcome: string | undefined;
    stream.once("trailers", (trailers: IncomingHttpHeaders) => {
      const told = trailers["berth-outcome"];
      if (typeof told === "string") outcome = told;
    });
    stream.once("response", (headers) => {
      signal?.removeEventListener("abort", onAbort);
      stream.removeListener("close", broken);
      // From here on, or pieces that come before anyone reads are lost with the stream.
      resolve({ headers, body: byteStream(stream), outcome: () => outcome });
    });
  });
}

async function* piecesOf({ body, outcome }: Answer, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const leave = () => body.destroy();
  signal?.addEventListener("abort", leave, { once: true });
  try {
    yield* body as AsyncIterable<Buffer>;
    const told = outcome();
    if (told === undefined) throw lost();
    if (told !== "done") throw failureOf(told);
  } catch (thrown) {
    signal?.throwIfAborted();
    throw thrown instanceof BerthError ? thrown : lost(thrown);
  } finally {
    signal?.removeEventListener("abort", leave);
  }
}

function failureOf(told: string): BerthError {
  const { code, message } = checked(what, failedOutcome, parseJson(what, Buffer.from(told)));
  return new GuestRefusal(code, message, { invalid_argument: "setup_failed", too_large: "setup_failed" });
}

async function refusalOf(body: Readable): Promise<BerthError> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > maxErrorReplyBytes) return unacceptable(what, `it is longer than ${maxErrorReplyBytes} bytes`);
    pieces.push(piece);
  }
  const { error } = checked(what, guestErrorBody, parseJson(what, Buffer.concat(pieces)));
  return new GuestRefusal(error.code, error.message);
}

const lost = (cause?: unknown): BerthError =>
  new BerthError("sandbox_lost", "The stream to the guest broke while it sent what was changed.", { cause });

const hung = (): BerthError =>
  new BerthError("deadline_exceeded", `The guest sent nothing of what was changed for ${quietMs} ms.`);
