import type { IncomingMessage } from "node:http";
import type { Clock } from "../../core/clock.ts";
import { withDeadline } from "../../core/deadline.ts";
import { BerthError } from "../../core/errors.ts";
import type { ClusterAddress } from "./cluster-address.ts";
import { deadlines } from "./deadlines.ts";
import { ApiRefusal } from "./refusal.ts";
import type { TokenBucket } from "./token-bucket.ts";

/** Of one answer: a page of 500 pods is a few megabytes. */
const maxAnswerBytes = 64 * 1024 * 1024;
/** When the API server has too much to do it says for how long; after so many times that is the answer. */
const maxTurns = 5;
const userAgent = "berth";

export type Query = Readonly<Record<string, string | number | undefined>>;

export interface ApiRequest {
  /** For messages: `create pod x`. */
  readonly what: string;
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly query?: Query;
  readonly body?: unknown;
  /** Milliseconds. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** The API server of a cluster. Each request has a deadline and takes its turn under the rate limit. */
export class ApiServer {
  readonly #address: ClusterAddress;
  readonly #turns: TokenBucket;
  readonly #clock: Clock;

  constructor(parts: { address: ClusterAddress; turns: TokenBucket; clock: Clock }) {
    this.#address = parts.address;
    this.#turns = parts.turns;
    this.#clock = parts.clock;
  }

  get address(): ClusterAddress {
    return this.#address;
  }

  /**
   * One request and its whole answer.
   * @throws ApiRefusal when it is answered with an error
   * @throws BerthError `provider_unavailable` when nobody answers in time; the signal's reason when it aborts
   */
  async ask<T>(request: ApiRequest): Promise<T> {
    const { what, signal: parent, deadlineMs } = request;
    return await this.#inTime(what, deadlineMs, parent, async (signal) => {
      const answer = await this.#send(request, signal);
      const body = parse(what, await readAll(what, answer));
      if (isError(answer)) throw new ApiRefusal(what, answer.statusCode ?? 0, body);
      return body as T;
    });
  }

  /**
   * The beginning of an answer that goes on; the deadline is for that. The signal ends it whenever it aborts.
   * @throws as `ask`
   */
  async stream(request: Omit<ApiRequest, "deadlineMs" | "signal">, signal: AbortSignal): Promise<IncomingMessage> {
    return await this.#inTime(request.what, deadlines.watch, signal, async (begun) => {
      // The stream outlives its beginning: the deadline must not end it afterwards.
      const ended = new AbortController();
      const end = () => ended.abort(signal.aborted ? signal.reason : begun.reason);
      begun.addEventListener("abort", end, { once: true });
      signal.addEventListener("abort", end, { once: true });
      const answer = await this.#send({ ...request, deadlineMs: deadlines.watch, signal: ended.signal }, ended.signal, {
        patient: true,
      });
      begun.removeEventListener("abort", end);
      answer.once("close", () => signal.removeEventListener("abort", end));
      if (!isError(answer)) return answer;
      throw new ApiRefusal(
        request.what,
        answer.statusCode ?? 0,
        parse(request.what, await readAll(request.what, answer)),
      );
    });
  }

  close(): void {
    this.#address.close();
  }

  async #send(request: ApiRequest, signal: AbortSignal, how: { patient?: boolean } = {}): Promise<IncomingMessage> {
    const { method, path, query = {}, body } = request;
    const text = body === undefined ? undefined : JSON.stringify(body);
    for (let turn = 1; ; turn++) {
      await this.#turns.take(signal);
      const answer = await this.#address.send({
        method,
        path: `${path}${queryText(query)}`,
        headers: {
          accept: "application/json",
          "user-agent": userAgent,
          ...(text === undefined
            ? {}
            : { "content-type": "application/json", "content-length": String(Buffer.byteLength(text)) }),
        },
        body: text,
        signal,
        ...how,
      });
      const waitSeconds = Number(answer.headers["retry-after"] ?? 1);
      if (answer.statusCode !== 429 || turn === maxTurns || !Number.isFinite(waitSeconds)) return answer;
      answer.destroy();
      await this.#clock.sleep(waitSeconds * 1000, signal);
    }
  }

  async #inTime<T>(
    what: string,
    ms: number,
    parent: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    try {
      return await withDeadline(what, ms, work, { parent, code: "provider_unavailable", clock: this.#clock });
    } catch (thrown) {
      if (parent?.aborted) throw parent.reason;
      if (thrown instanceof ApiRefusal || thrown instanceof BerthError) throw thrown;
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      throw new BerthError(
        "provider_unavailable",
        `The API server of the cluster does not answer: ${what}: ${reason}.`,
        {
          cause: thrown,
        },
      );
    }
  }
}

const isError = ({ statusCode = 0 }: IncomingMessage): boolean => statusCode < 200 || statusCode > 299;

function queryText(query: Query): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  );
  return given.length === 0 ? "" : `?${new URLSearchParams(given).toString()}`;
}

async function readAll(what: string, answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer) {
    bytes += (chunk as Buffer).length;
    if (bytes > maxAnswerBytes)
      throw new BerthError("provider_unavailable", `${what}: the answer is longer than ${maxAnswerBytes} bytes.`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString();
}

/** What stands between us and the API server may answer in other words than it. */
function parse(what: string, text: string): unknown {
  try {
    return text === "" ? {} : JSON.parse(text);
  } catch {
    return { message: `${what}: ${text.slice(0, 200)}` };
  }
}
