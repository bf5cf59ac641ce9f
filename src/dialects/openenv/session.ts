import type { WebSocket } from "@fastify/websocket";
import type { FastifyBaseLogger } from "fastify";
import type { Clock } from "../../core/clock.ts";
import { toBerthError } from "../../core/errors.ts";
import type { IdSource } from "../../core/ids.ts";
import { withDeadline } from "../../core/deadline.ts";
import { idOf, listTools, reset, stateOf, step, type EpisodeParts } from "./episode.ts";
import type { Action } from "./wire.ts";
import { readMessage, type Message } from "./messages.ts";
import { errorMessage } from "./failure.ts";

/** Messages that may wait behind the one that is being answered; clients of the protocol send one and wait. */
const MOST_WAITING = 16;
/** Without a message, and with none to answer. */
export const IDLE_MS = 3_600_000;
const PING_MS = 30_000;
/** A client whose event loop is busy answers no ping meanwhile; one that is gone never does. */
const SILENT_MS = 300_000;
const SEND_MS = 60_000;

const NORMAL = 1000;
const GOING_AWAY = 1001;
const POLICY_VIOLATION = 1008;

export interface SessionParts extends EpisodeParts {
  readonly environment: string;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Pick<FastifyBaseLogger, "warn">;
  /** Told of each failure that the client is. */
  readonly onError: (thrown: unknown) => void;
}

/** One socket: one rollout at a time, which ends with the next reset or with the socket. Messages are answered in their order. */
export class Session {
  readonly #socket: WebSocket;
  readonly #parts: SessionParts;
  readonly #over = Promise.withResolvers<void>();
  #id: string | undefined;
  #waiting = 0;
  #work: Promise<void> = Promise.resolve();
  #idle: Disposable | undefined;
  #ping: Disposable | undefined;
  #heardMs: number;
  #isGone = false;

  constructor(socket: WebSocket, parts: SessionParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#heardMs = parts.clock.monotonic();
    socket.on("message", (data) => this.#take((data as Buffer).toString()));
    socket.on("pong", () => (this.#heardMs = parts.clock.monotonic()));
    socket.once("close", () => void this.#leave());
    this.#rest();
    this.#listen();
  }

  /** Resolves when the socket is closed and its rollout has ended; never rejects. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  #take(text: string): void {
    this.#heardMs = this.#parts.clock.monotonic();
    if (this.#waiting >= MOST_WAITING)
      return this.#socket.close(POLICY_VIOLATION, "Too many messages wait for an answer.");
    this.#waiting += 1;
    this.#idle?.[Symbol.dispose]();
    this.#work = this.#work.then(async () => {
      if (!this.#isGone) await this.#answer(text);
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#rest();
    });
  }

  async #answer(text: string): Promise<void> {
    const read = readMessage(text);
    if (read.type === "close") return this.#socket.close(NORMAL);
    await this.#send(read.type === "error" ? read : await this.#handled(read));
  }

  async #handled(message: Message): Promise<object> {
    try {
      return await this.#handle(message);
    } catch (thrown) {
      this.#parts.onError(thrown);
      return errorMessage(toBerthError(thrown));
    }
  }

  async #handle(message: Message): Promise<object> {
    const { environment } = this.#parts;
    switch (message.type) {
      case "reset":
        return { type: "observation", data: await this.#reset(message.data) };
      case "step":
        return { type: "observation", data: await this.#step(message.data) };
      case "state":
        return { type: "state", data: await stateOf(this.#id, environment, this.#parts) };
    }
  }

  async #reset(data: Extract<Message, { type: "reset" }>["data"]) {
    const { environment, ids } = this.#parts;
    await this.#end();
    this.#id = idOf(data, ids.uuid());
    return await reset(this.#id, environment, data, this.#parts);
  }

  /** A tool that is used before any reset begins the episode. */
  async #step(action: Action) {
    const { environment, ids } = this.#parts;
    if (this.#id === undefined) {
      if ("type" in action && action.type === "list_tools") return await listTools(environment, this.#parts);
      await this.#reset({});
    }
    return await step(this.#id ?? "", action, `call_${ids.hex(12)}`, this.#parts);
  }

  /** @throws BerthError what `RolloutService.close` throws, but for a rollout that never began */
  async #end(): Promise<void> {
    const id = this.#id;
    if (id === undefined) return;
    try {
      await this.#parts.service.close(id, this.#parts.by);
    } catch (thrown) {
      if (toBerthError(thrown).code !== "unknown_rollout") throw thrown;
      // It may yet begin: a reset that is going on ends it again.
      if (this.#waiting > 0) return;
    }
    if (this.#id === id) this.#id = undefined;
  }

  async #send(message: object): Promise<void> {
    const sent = () =>
      new Promise<void>((resolve, reject) => {
        this.#socket.send(JSON.stringify(message), (error) => (error ? reject(error) : resolve()));
      });
    try {
      await withDeadline("sending an answer", SEND_MS, sent, { clock: this.#parts.clock });
    } catch {
      this.#socket.terminate();
    }
  }

  #rest(): void {
    if (this.#isGone) return;
    this.#idle = this.#parts.clock.alarm(
      IDLE_MS,
      () => this.#socket.close(GOING_AWAY, "No message came for an hour."),
      {
        background: true,
      },
    );
  }

  #listen(): void {
    const { clock } = this.#parts;
    const look = () => {
      if (clock.monotonic() - this.#heardMs > SILENT_MS) return this.#socket.terminate();
      this.#socket.ping();
      this.#listen();
    };
    this.#ping = clock.alarm(PING_MS, look, { background: true });
  }

  /** What runs is ended first, and what it may have begun meanwhile afterwards. */
  async #leave(): Promise<void> {
    this.#isGone = true;
    this.#idle?.[Symbol.dispose]();
    this.#ping?.[Symbol.dispose]();
    await this.#end().catch(() => undefined);
    await this.#work;
    // Another controller, or its idle budget, ends it then.
    await this.#end().catch((err: unknown) =>
      this.#parts.log.warn({ err, rollout_id: this.#id }, "an episode was not ended"),
    );
    this.#over.resolve();
  }
}
