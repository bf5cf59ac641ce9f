import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";

/** The request as the SDK takes it, without its body; aborts when the client goes away before it is answered. */
export function webRequest(request: FastifyRequest, reply: FastifyReply): Request {
  const gone = new AbortController();
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  const headers = Object.entries(request.headers).flatMap(([name, value]) =>
    typeof value === "string" ? [[name, value] as [string, string]] : [],
  );
  return new Request(new URL(request.url, "http://berth.invalid"), {
    method: request.method,
    headers,
    signal: gone.signal,
    // The SDK is given the body beside it; a request that may have one must not be without.
    ...(request.method === "POST" ? { body: "{}" } : {}),
  });
}

/** Sends the SDK's answer, a stream as it comes. */
export function sendWeb(answer: Response, reply: FastifyReply): FastifyReply {
  reply.code(answer.status);
  for (const [name, value] of answer.headers) reply.header(name, value);
  if (answer.body === null) return reply.send();
  if (answer.headers.get("content-type")?.startsWith("text/event-stream")) {
    reply.header("x-accel-buffering", "no");
    // A kept connection would hold up the controller's end for as long as the client keeps it.
    reply.header("connection", "close");
  }
  return reply.send(Readable.fromWeb(answer.body));
}
