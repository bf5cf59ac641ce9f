import { constants, type ClientHttp2Session } from "node:http2";
import type { Duplex } from "node:stream";
import { BerthError } from "../core/errors.ts";
import type { IdSource } from "../core/ids.ts";
import { byteStream } from "./byte-stream.ts";
import { checkHeaders, requestHeaders } from "./exchange.ts";
import { unacceptable } from "./guest-error.ts";
import type { RequestOptions } from "./request-options.ts";
import type { GuestLink } from "./link.ts";
import { readReply } from "./reply.ts";
import type { Requester } from "./requester.ts";
import { wireNothing } from "./wire.ts";

const what = "egress/accept";

/**
 * Connections of tools that the guest carries to the controller. They have a link of their own: a tool that does not read fills
 * the windows of its session, and commands must not wait behind that.
 */
export class EgressConnections {
  readonly #requester: Requester;
  readonly #link: GuestLink;
  readonly #ids: IdSource;

  constructor(requester: Requester, link: GuestLink, ids: IdSource) {
    this.#requester = requester;
    this.#link = link;
    this.#ids = ids;
  }

  async listen(how: { port: number; maxConnections: number }, options?: RequestOptions): Promise<void> {
    const body = Buffer.from(JSON.stringify({ port: how.port, max_connections: how.maxConnections }));
    const question = {
      what: "egress/listen",
      method: "POST",
      path: "/v1/egress/listen",
      body,
      maxReplyBytes: 4_096,
    } as const;
    readReply("egress/listen", await this.#requester.read(question, options), wireNothing);
  }

  /** @throws BerthError `sandbox_lost` when the stream breaks before a tool connects; `guest_protocol`; the signal's reason */
  async accept(signal: AbortSignal): Promise<Duplex> {
    const session = await this.#link.session();
    signal.throwIfAborted();
    return await accepted(
      session,
      { callId: this.#ids.hex(8), bootId: this.#link.bootId, epoch: this.#link.epoch },
      signal,
    );
  }

  close(): void {
    this.#link.close();
  }
}

function accepted(
  session: ClientHttp2Session,
  { callId, bootId, epoch }: { callId: string; bootId: string | undefined; epoch: number | undefined },
  signal: AbortSignal,
): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const call = { what, method: "POST", path: "/v1/egress/accept", callId, epoch } as const;
    const stream = session.request(requestHeaders(call, bootId), { endStream: false });
    const fail = (reason: unknown) => {
      signal.removeEventListener("abort", onAbort);
      stream.close(constants.NGHTTP2_CANCEL);
      reject(reason);
    };
    const onAbort = () => fail(signal.reason);
    const broken = (cause?: unknown) =>
      fail(
        new BerthError("sandbox_lost", "The stream to the guest broke while it waited for a connection.", { cause }),
      );
    signal.addEventListener("abort", onAbort, { once: true });
    // Stays for good: what breaks later is told by the stream's close.
    stream.on("error", broken);
    stream.once("close", broken);
    stream.once("response", (headers) => {
      try {
        checkHeaders(call, headers, bootId);
      } catch (thrown) {
        return fail(thrown);
      }
      if (headers[":status"] !== 200) return fail(unacceptable(what, `its status is ${headers[":status"]}`));
      signal.removeEventListener("abort", onAbort);
      stream.removeListener("close", broken);
      resolve(byteStream(stream));
    });
  });
}
