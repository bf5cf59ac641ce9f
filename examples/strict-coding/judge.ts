import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { z } from "zod";
import type { OpenJudge } from "../runner/policy.ts";

const mostRequestBytes = 1024 ** 2;
const requestMs = 10_000;

const chatRequest = z.object({ messages: z.array(z.object({ role: z.string(), content: z.string() })) });

/** What a plain summary has none of. */
const faults: readonly RegExp[] = [
  /\p{Extended_Pictographic}/u,
  /!/,
  /(?:\S+\s+){100}/,
  /\b(?:awesome|crushed|magic)\b/i,
];

/** 1 less a quarter for each fault of the answer, which stands between the delimiters of the question. */
function opinion(question: string): number {
  const answer = /<untrusted_answer[^>]*>\n([^]*?)\n<\/untrusted_answer/.exec(question)?.[1] ?? "";
  return 1 - faults.filter((fault) => fault.test(answer)).length / faults.length;
}

async function completionOf(request: IncomingMessage): Promise<object> {
  if (!(Number(request.headers["content-length"]) <= mostRequestBytes)) throw new Error("The request is too large.");
  const { messages } = chatRequest.parse(JSON.parse(await text(request)));
  const question = messages.findLast(({ role }) => role === "user")?.content ?? "";
  const steps = [{ description: "Looked for emojis, exclamations, length and boasts.", conclusion: "See the result." }];
  const content = JSON.stringify({ steps, result: opinion(question) });
  const choices = [{ index: 0, finish_reason: "stop", message: { role: "assistant", content } }];
  return { id: "judged", object: "chat.completion", created: 0, model: "stand-in", choices };
}

/** Stands in for a model that judges style, so that the example runs without one: an endpoint of chat completions that counts faults. */
export const openJudge: OpenJudge = async () => {
  const server = createServer({ requestTimeout: requestMs }, (request, response) => {
    const reply = (status: number, body: object) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    completionOf(request).then(
      (completion) => reply(200, completion),
      (thrown: unknown) => reply(400, { error: { message: String(thrown) } }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    model: "stand-in",
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
};
