import { performServerHandshake, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { duplexPair, type Duplex } from "node:stream";

export const bootId = "00112233445566778899aabbccddeeff";

export const handshakeBody = {
  protocol: 1,
  version: "test",
  boot_id: bootId,
  root: "/workspace",
  tool_uid: 1000,
  tool_gid: 1000,
  allow_root: false,
  arch: "x64",
};

export interface Asked {
  readonly stream: ServerHttp2Stream;
  /** Breaks the stream that the request came on. */
  breakStream(): void;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Replies with the headers that an honest guest sends. */
  reply(body: unknown, headers?: Record<string, string | number>): void;
}

/** A guest that does what a test says, over in-memory streams. */
export class ScriptedGuest implements Disposable {
  /** Every stream that was opened, the controller's end. */
  readonly streams: Duplex[] = [];
  readonly asked: string[] = [];
  readonly #script: (asked: Asked) => void;
  readonly #ends: Duplex[] = [];

  constructor(script: (asked: Asked) => void) {
    this.#script = script;
  }

  readonly open = async (): Promise<Duplex> => {
    const [near, far] = duplexPair();
    this.streams.push(near);
    const session = performServerHandshake(far);
    this.#ends.push(far);
    far.on("error", () => {});
    session.on("error", () => {});
    session.on("stream", (stream, headers) => {
      stream.on("error", () => {});
      const method = String(headers[":method"]);
      const path = String(headers[":path"]);
      this.asked.push(`${method} ${path.split("?")[0]}`);
      const reply = (body: unknown, extra: Record<string, string | number> = {}) => {
        if (stream.destroyed) return;
        stream.respond({
          ":status": 200,
          "berth-boot-id": bootId,
          "berth-call-id": String(headers["berth-call-id"]),
          ...extra,
        });
        stream.end(typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body));
      };
      this.#script({ stream, breakStream: () => far.destroy(new Error("reset")), method, path, headers, reply });
    });
    return near;
  };

  [Symbol.dispose](): void {
    for (const end of [...this.#ends, ...this.streams]) end.destroy();
  }
}

/** Answers the handshake honestly and leaves the rest to `script`. */
export function guestThat(script: (asked: Asked) => void): ScriptedGuest {
  return new ScriptedGuest((asked) => (asked.path === "/v1/handshake" ? asked.reply(handshakeBody) : script(asked)));
}

export function execBody(callId: string, change: Record<string, unknown> = {}): Record<string, unknown> {
  const stream = { head: "", tail: "", total_bytes: 0, truncated: false, spooled_bytes: 0 };
  return {
    call_id: callId,
    boot_id: bootId,
    outcome: { type: "exited", code: 0 },
    stdout: { ...stream, head: "hi\n", total_bytes: 3 },
    stderr: stream,
    duration_ms: 1,
    user_ms: 1,
    system_ms: 1,
    max_rss_bytes: 1,
    survivors_killed: 0,
    ...change,
  };
}
