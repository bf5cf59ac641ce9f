import { connect, type ClientHttp2Session } from "node:http2";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { withDeadline } from "../core/deadline.ts";
import { BerthError, toBerthError } from "../core/errors.ts";
import { exchange } from "./exchange.ts";
import { StreamBroken } from "./guest-error.ts";
import type { Handshake } from "./guest.ts";
import { QuietStream } from "./quiet-stream.ts";
import { readReply } from "./reply.ts";
import { wireHandshake } from "./wire.ts";

/** How much of one reply the guest may send ahead of our reading. */
const streamWindowBytes = 1024 * 1024;
const sessionWindowBytes = 8 * streamWindowBytes;

/** Yields a fresh byte stream to the guest, which is the link's to destroy. */
export type OpenStream = (options: { signal: AbortSignal }) => Promise<Duplex>;

interface Connection {
  readonly session: ClientHttp2Session;
  readonly duplex: Duplex;
}

/**
 * One kept HTTP/2 session to one boot of a guest. Opened again when it broke; a guest with another boot id is refused
 * for good.
 */
export class GuestLink {
  readonly #open: OpenStream;
  readonly #connectTimeoutMs: number;
  readonly #pinnedBootId: string | undefined;
  readonly #epoch: () => number | undefined;
  #current: Connection | undefined;
  #dialling: Promise<Connection> | undefined;
  #handshake: Handshake | undefined;
  #ended: BerthError | undefined;

  /** `bootId`: the only boot to speak to; the first that answers when it is left out. `epoch`: asked for each request. */
  constructor(
    open: OpenStream,
    connectTimeoutMs: number,
    { bootId, epoch = () => undefined }: { bootId?: string; epoch?: (() => number | undefined) | undefined } = {},
  ) {
    this.#open = open;
    this.#connectTimeoutMs = connectTimeoutMs;
    this.#pinnedBootId = bootId;
    this.#epoch = epoch;
  }

  /** The first guest's; defined once `session()` has resolved. */
  get handshake(): Handshake | undefined {
    return this.#handshake;
  }

  get bootId(): string | undefined {
    return this.#handshake?.bootId ?? this.#pinnedBootId;
  }

  /** For the how manieth time the sandbox came to be someone's, for the guest to compare. */
  get epoch(): number | undefined {
    return this.#epoch();
  }

  /**
   * The session in use, or a new one; one attempt, shared by all who wait for it, that `signal` ends early.
   * @throws BerthError `sandbox_lost`, `guest_protocol`, `deadline_exceeded`, or what opening the stream threw
   */
  async session(signal?: AbortSignal): Promise<ClientHttp2Session> {
    if (this.#ended) throw this.#ended;
    if (this.#current && isUsable(this.#current)) return this.#current.session;
    this.#dialling ??= this.#dial(signal).finally(() => (this.#dialling = undefined));
    return (await this.#dialling).session;
  }

  close(): void {
    this.#end(new BerthError("sandbox_lost", "The connection to the guest was closed."));
  }

  #end(reason: BerthError): void {
    this.#ended ??= reason;
    this.#current?.duplex.destroy();
    this.#current = undefined;
  }

  async #dial(parent: AbortSignal | undefined): Promise<Connection> {
    this.#current?.duplex.destroy();
    const dial = async (signal: AbortSignal) => {
      const opened = http2Over(await openWithin(this.#open, signal));
      const abandon = () => opened.duplex.destroy();
      signal.addEventListener("abort", abandon, { once: true });
      try {
        await this.#shakeHands(opened, signal);
        return opened;
      } catch (thrown) {
        opened.duplex.destroy();
        throw thrown;
      } finally {
        signal.removeEventListener("abort", abandon);
      }
    };
    const connection = await withDeadline("Connecting to the guest", this.#connectTimeoutMs, dial, { parent });
    if (this.#ended) {
      connection.duplex.destroy();
      throw this.#ended;
    }
    this.#current = connection;
    return connection;
  }

  async #shakeHands({ session, duplex }: Connection, signal: AbortSignal): Promise<void> {
    const call = {
      what: "handshake",
      method: "GET",
      path: "/v1/handshake",
      callId: "handshake",
      epoch: this.epoch,
      maxReplyBytes: 16_384,
    } as const;
    try {
      const reply = await exchange(session, call, this.bootId, signal);
      const told = readReply(call.what, reply, wireHandshake);
      this.#handshake ??= {
        protocol: told.protocol,
        version: told.version,
        bootId: told.boot_id,
        root: told.root,
        toolUid: told.tool_uid,
        toolGid: told.tool_gid,
      };
    } catch (thrown) {
      const failure = duplex instanceof QuietStream ? duplex.failure : undefined;
      if (thrown instanceof StreamBroken && failure) throw toBerthError(failure, "sandbox_lost");
      if (thrown instanceof StreamBroken) {
        throw new BerthError("sandbox_lost", "The guest closed the stream before it answered.", { cause: thrown });
      }
      // Another boot can never become the old one again.
      if (this.bootId !== undefined && thrown instanceof BerthError && thrown.code === "sandbox_lost")
        this.#end(thrown);
      throw thrown;
    }
  }
}

/** A stream that arrives after the signal aborted is destroyed, not leaked. */
async function openWithin(open: OpenStream, signal: AbortSignal): Promise<Duplex> {
  let duplex: Duplex;
  try {
    duplex = await open({ signal });
  } catch (thrown) {
    signal.throwIfAborted();
    throw toBerthError(thrown, "sandbox_lost");
  }
  duplex.on("error", () => {});
  if (signal.aborted) {
    duplex.destroy();
    throw signal.reason;
  }
  return duplex;
}

/**
 * Ended by destroying the stream and never by `session.destroy()`: that waits for a peer that does not read, and on
 * a stream that is no socket it fails an assertion inside Node while a write or an end is under way.
 */
function http2Over(stream: Duplex): Connection {
  const duplex = stream instanceof Socket ? stream : new QuietStream(stream);
  const session = connect("http://guest", {
    createConnection: () => duplex,
    settings: { enablePush: false, initialWindowSize: streamWindowBytes, maxHeaderListSize: 16_384 },
    maxSessionMemory: 64,
  });
  const end = () => duplex.destroy();
  duplex.once("end", end);
  session.on("error", end);
  session.once("goaway", end);
  session.once("close", end);
  session.once("connect", () => {
    if (!session.destroyed) session.setLocalWindowSize(sessionWindowBytes);
  });
  return { session, duplex };
}

function isUsable({ session, duplex }: Connection): boolean {
  return !session.destroyed && !session.closed && !duplex.destroyed;
}
