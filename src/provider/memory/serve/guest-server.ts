import { performServerHandshake, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { Duplex } from "node:stream";
import { z } from "zod";
import { GuestFault } from "../tree/fault.ts";
import { unpack } from "./archive-route.ts";
import type { Machine } from "./exec-call.ts";
import { EgressPort } from "./egress-port.ts";
import { Background } from "./background.ts";
import { Calls } from "./exec-routes.ts";
import { Fence } from "./fence.ts";
import { Files } from "./file-routes.ts";
import { linesOf } from "./line-routes.ts";
import { jsonReply, parsed, type Reply, type Request } from "./messages.ts";
import { probeOf } from "./probe-route.ts";
import { Search } from "./search-routes.ts";
import { streamPair } from "./stream-pair.ts";

const maxBodyBytes = 64 * 1024 * 1024;

const prolongation = z.strictObject({ for_ms: z.number().int().min(1).max(86_400_000) });

/** What the guest needs of its sandbox besides the machine. */
export interface GuestServerOptions {
  readonly user: { uid: number; gid: number };
  readonly allowRoot: boolean;
  /** Puts the end off to `forMs` from now or later, Unix milliseconds; undefined when it has come. */
  readonly prolong: (forMs: number) => number | undefined;
}

/** The guest's protocol (docs/guest-protocol.md) over a file tree in memory. */
export class GuestServer {
  readonly calls: Calls;
  readonly egress = new EgressPort();
  readonly #machine: Machine;
  readonly #options: GuestServerOptions;
  readonly #fence = new Fence(async () => {
    this.egress.close();
    await this.calls.quiesce();
  });
  readonly #background: Background;
  readonly #files: Files;
  readonly #search: Search;
  readonly #streams = new Set<Duplex>();
  readonly #startedAt = performance.now();

  constructor(machine: Machine, options: GuestServerOptions) {
    this.#machine = machine;
    this.#options = options;
    this.calls = new Calls(machine, options.allowRoot);
    this.#background = new Background(this.calls);
    this.#files = new Files(machine.tree, machine.workspace);
    this.#search = new Search(machine.tree, machine.workspace);
  }

  /** The client's end of a stream of its own. */
  connect(): Duplex {
    const [near, far] = streamPair();
    this.#streams.add(far);
    far.once("close", () => this.#streams.delete(far));
    const session = performServerHandshake(far, { settings: { initialWindowSize: 1024 * 1024 } });
    session.on("error", () => far.destroy());
    session.once("close", () => far.destroy());
    session.on("stream", (stream, headers) => void this.#serve(stream, headers));
    return near;
  }

  /** Breaks every stream and ends every command. */
  async stop(): Promise<void> {
    this.egress.close();
    for (const stream of this.#streams) stream.destroy();
    await this.calls.quiesce();
  }

  async #serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    stream.on("error", () => {});
    const common = { "berth-boot-id": this.#machine.bootId, "berth-call-id": String(headers["berth-call-id"] ?? "") };
    const answer = (status: number, reply: Reply) => {
      if (stream.destroyed || stream.closed) return;
      stream.respond({ ...reply.headers, ...common, ":status": status });
      stream.end(reply.body);
    };
    try {
      const expected = headers["berth-expect-boot"];
      if (expected !== undefined && expected !== this.#machine.bootId)
        throw new GuestFault("wrong_boot", "This is another boot.");
      const epoch = headers["berth-epoch"];
      await this.#fence.enter(epoch);
      if (headers[":path"] === "/v1/egress/accept") return this.egress.accept(stream, common);
      const request = await readRequest(stream, headers);
      this.#fence.assertPresent(epoch);
      answer(200, await this.#route(request));
    } catch (thrown) {
      const code = thrown instanceof GuestFault ? thrown.code : "internal";
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      answer(thrown instanceof GuestFault ? thrown.status : 500, jsonReply({ error: { code, message } }));
    }
  }

  async #route(request: Request): Promise<Reply> {
    const call = /^\/v1\/exec\/([^/]+)(\/cancel|\/output)?$/.exec(request.path);
    if (call) {
      const callId = decodeURIComponent(call[1] ?? "");
      if (call[2] === "/cancel") return this.calls.cancel(callId);
      return call[2] === "/output" ? this.calls.output(callId, request.query) : this.calls.state(callId);
    }
    const stopped = /^\/v1\/background\/([^/]+)\/stop$/.exec(request.path);
    if (stopped) return await this.#background.stop(decodeURIComponent(stopped[1] ?? ""));
    switch (`${request.method} ${request.path}`) {
      case "GET /v1/handshake":
        return jsonReply(this.#handshake());
      case "GET /v1/health":
        return jsonReply({
          boot_id: this.#machine.bootId,
          uptime_ms: Math.round(performance.now() - this.#startedAt),
          processes: this.calls.processes,
          oom_kills: null,
        });
      case "POST /v1/prolong":
        return this.#prolong(request);
      case "POST /v1/exec":
        return await this.calls.exec(request);
      case "POST /v1/background":
        return this.#background.start(request);
      case "GET /v1/background":
        return this.#background.list();
      case "GET /v1/files/read":
        return this.#files.read(request);
      case "GET /v1/files/lines":
        return linesOf(this.#files, request);
      case "PUT /v1/files/write":
        return this.#files.write(request);
      case "POST /v1/files/delete":
        return this.#files.delete(request);
      case "POST /v1/files/move":
        return this.#files.move(request);
      case "GET /v1/files/stat":
        return this.#files.stat(request);
      case "GET /v1/files/list":
        return this.#files.list(request);
      case "POST /v1/search/grep":
        return this.#search.grep(request);
      case "POST /v1/search/glob":
        return this.#search.glob(request);
      case "POST /v1/search/changed":
        return this.#search.changed(request);
      case "POST /v1/tree":
        return this.#search.tree(request);
      case "PUT /v1/archive":
        this.#assertRootAllowed();
        return await unpack(this.#machine.tree, this.#machine.workspace, request);
      case "POST /v1/own":
        this.#assertRootAllowed();
        return jsonReply({});
      case "POST /v1/probe":
        return probeOf(this.#options.user, this.#machine.tree.limits, request);
      case "POST /v1/egress/listen":
        return this.egress.listen(request);
      case "POST /v1/quiesce":
        this.egress.close();
        return jsonReply({ killed: await this.calls.quiesce() });
      default:
        throw new GuestFault("invalid_argument", `There is no ${request.method} ${request.path}.`);
    }
  }

  #prolong(request: Request): Reply {
    const expiresAtMs = this.#options.prolong(parsed(prolongation, request.body).for_ms);
    if (expiresAtMs === undefined) throw new GuestFault("precondition_failed", "The sandbox has expired.");
    return jsonReply({ expires_at_ms: expiresAtMs });
  }

  #handshake(): Record<string, unknown> {
    return {
      protocol: 1,
      version: "memory",
      boot_id: this.#machine.bootId,
      root: this.#machine.workspace,
      tool_uid: this.#options.user.uid,
      tool_gid: this.#options.user.gid,
      allow_root: this.#options.allowRoot,
      arch: process.arch,
    };
  }

  #assertRootAllowed(): void {
    if (!this.#options.allowRoot) throw new GuestFault("permission_denied", "This sandbox runs nothing as root.");
  }
}

async function readRequest(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<Request> {
  const url = new URL(headers[":path"] ?? "/", "http://guest");
  return {
    method: headers[":method"] ?? "GET",
    path: url.pathname,
    query: url.searchParams,
    body: await readBody(stream),
    onGone: (then) => {
      stream.once("aborted", then);
      stream.once("close", then);
    },
  };
}

/** Reads to the end, also what it does not keep, so that the refusal finds a client that has finished writing. */
async function readBody(stream: ServerHttp2Stream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= maxBodyBytes) chunks.push(chunk);
  }
  if (bytes > maxBodyBytes) throw new GuestFault("too_large", `The body is longer than ${maxBodyBytes} bytes.`);
  return Buffer.concat(chunks);
}
