import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { EgressDenialReason } from "../model/egress.ts";
import type { AllowList } from "./allow-list.ts";
import { Denied, Unreachable } from "./denied.ts";
import { parseDestination, textOf, type Destination } from "./destination.ts";
import type { Dial } from "./dialler.ts";
import { forward, httpTarget, maxHeaderBytes } from "./forward.ts";
import { tunnel } from "./tunnel.ts";

/** Told of every attempt, once. */
export interface EgressObserver {
  /** A connection was made. */
  allowed(): void;
  /** `destination` as it was asked for, fit to be shown. */
  denied(destination: string, reason: EgressDenialReason): void;
}

export interface ProxyOptions {
  readonly allowList: AllowList;
  readonly dial: Dial;
  readonly observer: EgressObserver;
  /** A connection in which nothing moved for so long ends. Default 5 min. */
  readonly idleMs?: number;
  /** A tool that has not sent its request by then is cut off. Default 30 s. */
  readonly requestMs?: number;
}

interface Connection {
  /** Aborts when it closes. */
  readonly ended: AbortSignal;
  /** Its request has come. */
  readonly requested: () => void;
}

const defaultIdleMs = 300_000;
const defaultRequestMs = 30_000;
/** For a tool to end its side after we ended ours. */
const afterEndMs = 30_000;

/**
 * The HTTP proxy of one sandbox: whoever speaks on a connection that `serve` is given is that sandbox. Each connection carries one
 * request, to a destination that is checked anew, redirects included.
 */
export class EgressProxy {
  readonly #options: ProxyOptions;
  readonly #server: Server;
  readonly #connections = new Map<Duplex, Connection>();

  constructor(options: ProxyOptions) {
    this.#options = options;
    this.#server = createServer({ maxHeaderSize: maxHeaderBytes, requireHostHeader: false, insecureHTTPParser: false });
    this.#server.maxRequestsPerSocket = 1;
    this.#server.on("request", (request, response) => void this.#request(request, response));
    this.#server.on("connect", (request, tool, head) => void this.#connect(request, tool, head));
    this.#server.on("clientError", (error: NodeJS.ErrnoException, tool) => this.#malformed(error, tool));
  }

  /** How many are open. */
  get connections(): number {
    return this.#connections.size;
  }

  serve(connection: Duplex): void {
    const endAfter = (ms: number) => setTimeout(() => connection.destroy(), ms).unref();
    const ended = new AbortController();
    let timer = endAfter(this.#options.requestMs ?? defaultRequestMs);
    this.#connections.set(connection, { ended: ended.signal, requested: () => clearTimeout(timer) });
    connection.on("error", () => connection.destroy());
    connection.once("finish", () => {
      clearTimeout(timer);
      timer = endAfter(afterEndMs);
    });
    connection.once("close", () => {
      clearTimeout(timer);
      this.#connections.delete(connection);
      ended.abort(new Unreachable("-", "the connection was closed"));
    });
    this.#server.emit("connection", connection);
  }

  /** Ends every connection. */
  close(): void {
    for (const connection of this.#connections.keys()) connection.destroy();
  }

  async #request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.sendDate = false;
    try {
      const target = httpTarget(request);
      const { socket } = await this.#open(request.socket, target.destination);
      await forward(request, response, target, socket);
    } catch (thrown) {
      const { status, text } = this.#answer(thrown);
      if (response.headersSent || response.destroyed) return void response.destroy();
      response.writeHead(status, { "content-type": "text/plain; charset=utf-8", connection: "close" });
      response.end(`${text}\n`);
    }
  }

  async #connect(request: IncomingMessage, tool: Duplex, head: Buffer): Promise<void> {
    let socket: Socket | undefined;
    try {
      // `Host` is not looked at: it is passed on to nobody, and programs write what they like there.
      const destination = parseDestination(request.url ?? "");
      const opened = await this.#open(tool, destination);
      socket = opened.socket;
      await tunnel(tool, head, { destination, socket, signal: opened.ended });
    } catch (thrown) {
      const { status, text } = this.#answer(thrown);
      if (socket === undefined) refuse(tool, status, text);
      else tool.destroy();
      socket?.destroy();
    }
  }

  /** The policy first, then the name's addresses, then the connection. */
  async #open(tool: Duplex, destination: Destination): Promise<{ socket: Socket; ended: AbortSignal }> {
    const { allowList, dial, observer, idleMs = defaultIdleMs } = this.#options;
    const connection = this.#connections.get(tool);
    if (!connection) throw new Unreachable(textOf(destination), "the connection was closed");
    const { ended, requested } = connection;
    requested();
    if (!allowList.allows(destination)) throw new Denied("not_allowed", textOf(destination));
    const socket = await dial(destination, ended);
    observer.allowed();
    if (ended.aborted) socket.destroy();
    else ended.addEventListener("abort", () => socket.destroySoon(), { once: true });
    socket.setTimeout(idleMs, () => socket.destroy());
    return { socket, ended };
  }

  #answer(thrown: unknown): { status: number; text: string } {
    if (thrown instanceof Denied) {
      this.#options.observer.denied(thrown.destination, thrown.reason);
      return { status: 403, text: thrown.message };
    }
    if (thrown instanceof Unreachable) return { status: thrown.late ? 504 : 502, text: thrown.message };
    return { status: 502, text: "Berth could not carry this request." };
  }

  /** What the parser refuses; a tool that only went away is no attempt. */
  #malformed({ code = "" }: NodeJS.ErrnoException, tool: Duplex): void {
    if (!code.startsWith("HPE_") || code === "HPE_INVALID_EOF_STATE") return void tool.destroy();
    refuse(tool, 400, this.#answer(new Denied("invalid_request", "")).text);
  }
}

function refuse(tool: Duplex, status: number, text: string): void {
  if (!tool.writable) return void tool.destroy();
  const body = `${text}\n`;
  tool.end(
    `HTTP/1.1 ${status} Refused\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
  // What it still sends is read and dropped, so that it comes to read the answer.
  tool.resume();
}
