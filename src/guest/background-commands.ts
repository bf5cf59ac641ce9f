import type { BackgroundRequest, BackgroundState } from "./guest.ts";
import { readReply } from "./reply.ts";
import type { RequestOptions } from "./request-options.ts";
import type { Requester } from "./requester.ts";
import { wireBackground, wireBackgrounds, wireNothing } from "./wire.ts";

const smallReplyBytes = 64 * 1024;
/** Of what such a command writes, the guest keeps its spool; this much it holds in memory besides. */
const headBytes = 4_096;

/** Commands that outlive the requests that start them. */
export class BackgroundCommands {
  readonly #requester: Requester;

  constructor(requester: Requester) {
    this.#requester = requester;
  }

  async start(request: BackgroundRequest, options?: RequestOptions): Promise<void> {
    const what = "background";
    const body = Buffer.from(
      JSON.stringify({
        name: request.name,
        call_id: request.callId,
        argv: request.argv,
        otherwise: request.otherwise ?? [],
        cwd: request.cwd ?? "",
        env: request.env,
        timeout_ms: request.timeoutMs,
        head_bytes: headBytes,
        tail_bytes: 0,
      }),
    );
    const question = { what, method: "POST", path: "/v1/background", body, maxReplyBytes: smallReplyBytes } as const;
    readReply(what, await this.#requester.change(question, options), wireNothing);
  }

  async list(options?: RequestOptions): Promise<readonly BackgroundState[]> {
    const what = "background";
    const question = { what, method: "GET", path: "/v1/background", maxReplyBytes: smallReplyBytes } as const;
    return readReply(what, await this.#requester.read(question, options), wireBackgrounds).commands;
  }

  /** Asking twice stops no more than asking once. */
  async stop(name: string, options?: RequestOptions): Promise<BackgroundState> {
    const what = "background/stop";
    const path = `/v1/background/${encodeURIComponent(name)}/stop`;
    const question = { what, method: "POST", path, maxReplyBytes: smallReplyBytes } as const;
    return readReply(what, await this.#requester.read(question, options), wireBackground);
  }
}
