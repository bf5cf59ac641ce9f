import { once } from "node:events";
import { WebSocket } from "ws";

/** What a client of OpenEnv is answered. */
export interface OpenEnvReply {
  readonly type: string;
  readonly data: {
    readonly observation: { readonly episode_id: string; readonly tools: unknown };
    readonly code: string;
    readonly [fact: string]: unknown;
  };
}

/** The status with which a server refuses to become a WebSocket. */
export async function refusalOf(url: string, headers: Record<string, string> = {}): Promise<number | undefined> {
  const socket = new WebSocket(url.replace(/^http/, "ws"), { headers });
  const [, response] = (await once(socket, "unexpected-response")) as [unknown, { statusCode?: number }];
  socket.on("error", () => undefined).terminate();
  return response.statusCode;
}

/** A socket that speaks OpenEnv's messages; it goes away when its scope ends. */
export async function openEnvClient(url: string, headers: Record<string, string> = {}) {
  const socket = new WebSocket(url.replace(/^http/, "ws"), { headers });
  const replies: OpenEnvReply[] = [];
  const waiting: ((reply: OpenEnvReply) => void)[] = [];
  socket.on("message", (data: Buffer) => {
    const reply = JSON.parse(data.toString()) as OpenEnvReply;
    const next = waiting.shift();
    if (next) next(reply);
    else replies.push(reply);
  });
  const closed = new Promise<number>((resolve) => void socket.once("close", resolve));
  await once(socket, "open");
  const reply = () =>
    new Promise<OpenEnvReply>((resolve) => {
      const first = replies.shift();
      if (first) resolve(first);
      else waiting.push(resolve);
    });
  const ask = (message: unknown) => {
    socket.send(typeof message === "string" ? message : JSON.stringify(message));
    return reply();
  };
  return {
    socket,
    /** The code with which the socket was closed. */
    closed,
    ask,
    reply,
    reset: (data: object = {}) => ask({ type: "reset", data }),
    step: (data: object) => ask({ type: "step", data }),
    state: () => ask({ type: "state" }),
    [Symbol.asyncDispose]: async () => {
      socket.terminate();
      await closed;
    },
  };
}
