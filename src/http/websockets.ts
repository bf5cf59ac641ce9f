import type { IncomingMessage, ServerOptions } from "node:http";
import type { Socket } from "node:net";
import websocket from "@fastify/websocket";
import type { FastifyInstance } from "fastify";
import { systemClock } from "../core/clock.ts";

/** For a request to become a WebSocket, and for the answer that refuses it to leave. */
const UPGRADE_MS = 30_000;
/** For clients to answer that the controller ends. */
const GOODBYE_MS = 2_000;
const GOING_AWAY = 1001;

/** Which requests become WebSockets: those to a route with a `wsHandler`, and no others whatever they ask for. */
export class WebSockets {
  readonly #paths: RegExp[] = [];
  readonly #asking = new WeakSet<IncomingMessage>();

  /** Of the HTTP server that `accept` is for: what it must be made with. */
  readonly serverOptions: Pick<ServerOptions, "shouldUpgradeCallback"> = {
    shouldUpgradeCallback: ({ url = "" }) => this.#paths.some((path) => path.test(url)),
  };

  /**
   * Lets routes that are made from now on have a `wsHandler`; all hooks run before it. A message above `maxMessageBytes` closes its socket
   * with 1009.
   */
  accept(app: FastifyInstance, maxMessageBytes: number): void {
    app.addHook("onRoute", ({ url, wsHandler }) => {
      if (wsHandler) this.#paths.push(new RegExp(`^${url.replace(/:\w+/g, "[^/?]+")}(?:\\?|$)`));
    });
    // Node times such a connection no more, and ends it after no answer. One that becomes a WebSocket is rid of this timeout.
    app.server.prependListener("upgrade", (request, socket: Socket) => {
      this.#asking.add(request);
      socket.setTimeout(UPGRADE_MS, () => socket.destroy());
    });
    app.addHook("onResponse", async ({ raw }) => {
      if (this.#asking.has(raw)) raw.socket.end();
    });
    app.register(websocket, {
      options: { maxPayload: maxMessageBytes },
      // What a client sends wrongly closes its socket, and is no failure of ours.
      errorHandler: (error, socket, request) => {
        request.log.debug({ err: error }, "a WebSocket was broken off");
        socket.terminate();
      },
      preClose: async () => {
        for (const client of app.websocketServer.clients) {
          client.close(GOING_AWAY, "The controller ends.");
          const late = systemClock.alarm(GOODBYE_MS, () => client.terminate());
          client.once("close", () => late[Symbol.dispose]());
        }
        app.websocketServer.close();
      },
    });
  }
}
