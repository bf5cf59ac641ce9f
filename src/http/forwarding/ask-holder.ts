import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { z } from "zod";

/** Says that a request was sent on already: it is not sent on again. */
export const FORWARDED = "berth-forwarded";

export interface Question {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: IncomingMessage | Buffer;
}

const MOST_CONNECTIONS = 512;
/** An answer that says that the other does not answer for the rollout is small. */
const MOST_REFUSAL_BYTES = 65_536;

const kept = { keepAlive: true, maxSockets: MOST_CONNECTIONS };
const agents = { "http:": new HttpAgent(kept), "https:": new HttpsAgent(kept) };

const refusal = z.object({ error: z.object({ code: z.enum(["fenced", "shutting_down"]) }) });

/**
 * The other controller's answer as it comes; undefined when there is none: it cannot be reached, or it says that it answers for the rollout no
 * more. Waits as long as the signal lets it, and is broken off by it at any time.
 */
export async function askHolder(url: string, question: Question, signal: AbortSignal): Promise<Answer | undefined> {
  const answer = await asked(new URL(question.path, url), question, signal);
  if (!answer) return undefined;
  const { statusCode: status = 502, headers } = answer;
  if (status !== 503) return { status, headers, body: answer };
  const body = await readSome(answer);
  const isNone = body === undefined || refusal.safeParse(parsed(body)).success;
  return isNone ? undefined : { status, headers, body };
}

function asked(
  to: URL,
  { method, headers, body }: Question,
  signal: AbortSignal,
): Promise<IncomingMessage | undefined> {
  const isSecure = to.protocol === "https:";
  const agent = isSecure ? agents["https:"] : agents["http:"];
  return new Promise((resolve) => {
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const sent = (isSecure ? httpsRequest : httpRequest)(to, {
      method,
      headers: { ...headers, ...length, [FORWARDED]: "1" },
      agent,
      signal,
    });
    sent.once("response", resolve);
    sent.once("error", () => resolve(undefined));
    sent.end(body);
  });
}

/** Undefined when it is no answer: it broke off. */
async function readSome(answer: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MOST_REFUSAL_BYTES) return undefined;
      chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}

function parsed(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString());
  } catch {
    return undefined;
  }
}
