import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";

/** Of one request, from its first byte to the answer's last. The services wait ten minutes. */
const REQUEST_MS = 600_000;
/** More than a door may answer: what is longer is no answer. */
const MOST_ANSWER_BYTES = 4_000_000;

const kept = { keepAlive: true, maxSockets: 1024 };
const agents = { "http:": new HttpAgent(kept), "https:": new HttpsAgent(kept) };

export interface Posted {
  readonly status: number;
  readonly text: string;
}

/** Posts JSON. Built on node:http because fetch gives up after five minutes without a head. @throws Error when no whole answer comes */
export async function post(url: URL, headers: Readonly<Record<string, string>>, body: string): Promise<Posted> {
  const signal = AbortSignal.timeout(REQUEST_MS);
  const isSecure = url.protocol === "https:";
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    (isSecure ? httpsRequest : httpRequest)(url, {
      method: "POST",
      agent: isSecure ? agents["https:"] : agents["http:"],
      headers: { ...headers, "content-type": "application/json", "content-length": Buffer.byteLength(body) },
      signal,
    })
      .once("response", resolve)
      .once("error", reject)
      .end(body);
  });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_ANSWER_BYTES) throw new Error(`The answer has more than ${MOST_ANSWER_BYTES} bytes.`);
    chunks.push(chunk);
  }
  return { status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") };
}
