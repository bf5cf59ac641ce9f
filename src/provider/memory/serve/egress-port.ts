import type { ServerHttp2Stream } from "node:http2";
import { pipeline, type Duplex } from "node:stream";
import { z } from "zod";
import { GuestFault } from "../tree/fault.ts";
import { streamPair } from "./stream-pair.ts";
import { jsonReply, parsed, type Reply, type Request } from "./messages.ts";

const listening = z.strictObject({
  port: z.number().int().min(1).max(65_535),
  max_connections: z.number().int().min(1).max(100),
});

interface Waiting {
  readonly stream: ServerHttp2Stream;
  readonly headers: Readonly<Record<string, string>>;
}

/** The port by which tools reach the controller's proxy. No command here connects to it: tests do. */
export class EgressPort {
  #open: z.infer<typeof listening> | undefined;
  #waiting: Waiting[] = [];
  #unclaimed: Duplex[] = [];
  readonly #carried = new Set<Duplex>();

  listen(request: Request): Reply {
    const asked = parsed(listening, request.body);
    if (this.#open && this.#open.port !== asked.port)
      throw new GuestFault("already_exists", `It is open on port ${this.#open.port}.`);
    this.#open = asked;
    return jsonReply({});
  }

  /** Answers the request when a tool connects. */
  accept(stream: ServerHttp2Stream, headers: Readonly<Record<string, string>>): void {
    if (!this.#open) throw new GuestFault("precondition_failed", "No port is open for egress.");
    this.#waiting.push({ stream, headers });
    this.#join();
  }

  /** The tool's end of a new connection; one that is closed already when there may be no more. */
  connect(): Duplex {
    const [tool, guest] = streamPair();
    if (!this.#open || this.#carried.size >= this.#open.max_connections) return tool.destroy();
    this.#carried.add(guest);
    guest.once("close", () => this.#carried.delete(guest));
    this.#unclaimed.push(guest);
    this.#join();
    return tool;
  }

  close(): void {
    this.#open = undefined;
    for (const connection of this.#carried) connection.destroy();
    for (const { stream } of this.#waiting) stream.close();
    this.#waiting = [];
    this.#unclaimed = [];
  }

  #join(): void {
    this.#waiting = this.#waiting.filter(({ stream }) => !stream.destroyed && !stream.closed);
    while (this.#waiting.length > 0 && this.#unclaimed.length > 0) {
      const { stream, headers } = this.#waiting.shift() as Waiting;
      const connection = this.#unclaimed.shift() as Duplex;
      stream.respond({ ...headers, ":status": 200 });
      // What was written last is still read: nothing is destroyed that ended well.
      pipeline(stream, connection, () => {});
      pipeline(connection, stream, () => {});
    }
  }
}
