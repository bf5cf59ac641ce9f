import { Agent, request } from "node:http";

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly ms: number;
  /** What it is to be sent again after; undefined when this is the answer. */
  readonly retryAfterMs: number | undefined;
}

/** Below what one process may open: the others wait here for a connection. */
const MOST_CONNECTIONS = 1_500;

/** Speaks to a controller as trainers do, over connections that are kept. */
export class Trainer {
  /** Code → how often a request was told to come again. */
  readonly putOff = new Map<string, number>();
  readonly #url: string;
  readonly #key: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: MOST_CONNECTIONS });

  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
  }

  /**
   * `ms` counts from the moment at which the request has a connection. Gives up after `timeoutMs` without an answer. Sent again when
   * its connection was closed, as those that are kept may be at any time, and when the controller says so: every request here has
   * an id that makes it the same one.
   */
  async send(method: string, to: string, body?: unknown, timeoutMs = 900_000): Promise<Answer> {
    const givesUpMs = performance.now() + timeoutMs;
    for (;;) {
      const answer = await this.#once(method, to, body === undefined ? "" : JSON.stringify(body), timeoutMs);
      if (!answer) {
        this.#putOff("connection reset");
        continue;
      }
      const { retryAfterMs } = answer;
      if (retryAfterMs === undefined || performance.now() + retryAfterMs > givesUpMs) return answer;
      const code = String((answer.body["error"] as { code?: string } | undefined)?.code);
      this.#putOff(code);
      await new Promise((resolve) => setTimeout(resolve, retryAfterMs));
    }
  }

  #putOff(code: string): void {
    this.putOff.set(code, (this.putOff.get(code) ?? 0) + 1);
  }

  #once(method: string, to: string, text: string, timeoutMs: number): Promise<Answer | undefined> {
    return new Promise((resolve, reject) => {
      let startMs = performance.now();
      const headers = {
        authorization: `Bearer ${this.#key}`,
        ...(text ? { "content-type": "application/json", "content-length": Buffer.byteLength(text) } : {}),
      };
      const sent = request(this.#url + to, { method, agent: this.#agent, timeout: timeoutMs, headers }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.once("error", (error: NodeJS.ErrnoException) =>
          error.code === "ECONNRESET" ? resolve(undefined) : reject(error),
        );
        answer.once("end", () => {
          const said = Buffer.concat(chunks).toString();
          const isJson = answer.headers["content-type"]?.startsWith("application/json") === true;
          const body = (isJson ? JSON.parse(said) : { text: said }) as Answer["body"];
          const after = answer.headers["retry-after"];
          const retryAfterMs = after === undefined ? undefined : Number(after) * 1_000;
          resolve({ status: answer.statusCode ?? 0, body, ms: performance.now() - startMs, retryAfterMs });
        });
      });
      sent.once("socket", () => (startMs = performance.now()));
      sent.once("timeout", () => sent.destroy(new Error(`${method} ${to} had no answer in ${timeoutMs} ms.`)));
      sent.once("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "ECONNRESET" || error.code === "ETIMEDOUT") resolve(undefined);
        else reject(error);
      });
      sent.end(text);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
