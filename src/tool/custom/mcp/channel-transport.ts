import { setTimeout } from "node:timers/promises";
import { ReadBuffer, type JSONRPCMessage, type Transport } from "@modelcontextprotocol/client";
import type { Sessions } from "../../../guest/sessions.ts";
import { BrokenChannel } from "./broken-channel.ts";
import { greet } from "./greeting.ts";

/** The longest message of a server. */
const maxMessageBytes = 4 * 1024 * 1024;
/** What a server may write during one call, whatever it is: each line is read, and each request in one is answered. */
const maxCallBytes = 16 * 1024 * 1024;
const maxCallLines = 5_000;
const pieceBytes = 65_536;
const pageBytes = 262_144;
/** For a server that is busy to read what it is sent. */
const patienceMs = 5_000;
/** For the end of a server that does not read any more to be known. */
const endingMs = 1_000;
/** A wait for output, at most; the guest allows a minute. */
const longestWaitMs = 20_000;

export interface Channel {
  readonly sessions: Sessions;
  /** Of the session. */
  readonly name: string;
  /** Who types, for the guest: 32 hexadecimal digits, of this call alone. */
  readonly writer: string;
  /** Where the output of the session that belongs to this call begins. */
  readonly offset: number;
  /** The handshake was made before. */
  readonly greeted: boolean;
  readonly signal: AbortSignal;
}

/**
 * One call's connection to a server in the sandbox: messages are lines on the channel of a session. Several calls share a server, one after the other, and a
 * late answer to an earlier one must not be taken for this one's, so ids of requests carry the name of the call on the wire.
 */
export class ChannelTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  /** The SDK's client makes no handshake over a transport that has one. */
  readonly sessionId?: string;
  /** Why nothing more comes; undefined as long as something may. */
  failure: unknown;
  readonly #channel: Channel;
  readonly #ended = Promise.withResolvers<void>();
  readonly #over = new AbortController();
  readonly #signal: AbortSignal;
  readonly #buffer = new ReadBuffer({ maxBufferSize: maxMessageBytes });
  #offset: number;
  #lines = 0;
  #typed = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
    this.#offset = channel.offset;
    this.#signal = AbortSignal.any([channel.signal, this.#over.signal]);
    if (channel.greeted) this.sessionId = channel.name;
  }

  async start(): Promise<void> {
    void this.#read().then(
      () => this.#end(undefined),
      (thrown: unknown) => this.#end(thrown),
    );
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const { sessions, name, writer } = this.#channel;
    if ("method" in message && message.method === "notifications/initialized") {
      if (await greet(sessions, name, this.#signal)) return;
      throw await this.#unread();
    }
    const bytes = Buffer.from(`${JSON.stringify(this.#outward(message))}\n`);
    for (let at = 0; at < bytes.length;) {
      const piece = bytes.subarray(at, at + pieceBytes);
      const from = { writer, offset: this.#typed, waitMs: patienceMs };
      const accepted = await sessions.input(name, piece, from, { signal: this.#signal });
      if (accepted < this.#typed + piece.length) throw await this.#unread();
      this.#typed = accepted;
      at += piece.length;
    }
  }

  async close(): Promise<void> {
    this.#over.abort();
  }

  /** One that has ended reads nothing, too: that it has is told by its output. */
  async #unread(): Promise<unknown> {
    await Promise.race([this.#ended.promise, setTimeout(endingMs, undefined, { signal: this.#signal })]);
    return this.failure ?? new BrokenChannel("does not read what it is sent");
  }

  async #read(): Promise<void> {
    const { sessions, name, offset: began } = this.#channel;
    for (;;) {
      const wanted = { offset: this.#offset, limit: pageBytes, waitMs: longestWaitMs };
      const page = await sessions.output(name, wanted, { signal: this.#signal });
      this.#offset = page.offset + page.bytes.length;
      this.#take(page.bytes);
      if (page.ended && this.#offset >= page.totalBytes) return;
      if (this.#offset - began > maxCallBytes) throw new BrokenChannel(`wrote more than ${maxCallBytes} bytes`);
    }
  }

  #take(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = bytes.subarray(at, at + pieceBytes);
      for (let end = piece.indexOf(10); end !== -1; end = piece.indexOf(10, end + 1)) this.#lines += 1;
      if (this.#lines > maxCallLines) throw new BrokenChannel(`wrote more than ${maxCallLines} lines`);
      try {
        this.#buffer.append(piece);
      } catch (cause) {
        throw new BrokenChannel(`sent a message of more than ${maxMessageBytes} bytes`, { cause });
      }
      for (let message = this.#next(); message !== null; message = this.#next())
        if (message !== undefined) this.onmessage?.(message);
    }
  }

  /** Undefined for what is no message, or answers nobody here; null at the end. */
  #next(): JSONRPCMessage | undefined | null {
    try {
      const message = this.#buffer.readMessage();
      return message === null ? null : this.#inward(message);
    } catch {
      return undefined;
    }
  }

  #outward(message: JSONRPCMessage): unknown {
    if (!("method" in message)) return message;
    if ("id" in message) return { ...message, id: this.#named(message.id) };
    if (message.method !== "notifications/cancelled") return message;
    return { ...message, params: { ...message.params, requestId: this.#named(message.params?.["requestId"]) } };
  }

  #inward(message: JSONRPCMessage): JSONRPCMessage | undefined {
    if ("method" in message) return message;
    const [writer, id, ...more] = String(message.id).split("/");
    if (writer !== this.#channel.writer || id === undefined || !/^\d{1,9}$/.test(id) || more.length > 0)
      return undefined;
    return { ...message, id: Number(id) };
  }

  readonly #named = (id: unknown): string => `${this.#channel.writer}/${String(id)}`;

  #end(thrown: unknown): void {
    this.failure = thrown ?? new BrokenChannel("ended");
    this.#ended.resolve();
    this.onclose?.();
  }
}
