import type { WebSocket } from "@fastify/websocket";
import { Session, type SessionParts } from "./session.ts";

/** Of one controller. A step of a trainer opens hundreds in the same moment. */
export const MOST_SESSIONS = 2_048;
const TRY_AGAIN_LATER = 1013;

/** The sockets that play an episode here. */
export class Sessions {
  readonly #sessions = new Set<Session>();
  readonly #most: number;

  constructor(most = MOST_SESSIONS) {
    this.#most = most;
  }

  /** Serves the socket until it closes. One too many is told so in the protocol's own way, and closed. */
  serve(socket: WebSocket, parts: SessionParts): void {
    if (this.#sessions.size >= this.#most) return this.#refuse(socket);
    const session = new Session(socket, parts);
    this.#sessions.add(session);
    void session.over.then(() => this.#sessions.delete(session));
  }

  #refuse(socket: WebSocket): void {
    const capacity = { active_sessions: this.#sessions.size, max_sessions: this.#most };
    const message = `The controller serves ${this.#most} sessions, as many as it may. Close one, or try again later.`;
    socket.send(JSON.stringify({ type: "error", data: { message, code: "CAPACITY_REACHED", ...capacity } }));
    socket.close(TRY_AGAIN_LATER, "No session is free.");
  }

  /** Resolves when the episodes of all sockets have ended; sockets must be closed for that. */
  async over(): Promise<void> {
    await Promise.all([...this.#sessions].map((session) => session.over));
  }
}
