import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** What a request gets: an answer, an event stream that ends or is cut behind its text, nothing ever, or a cut connection. */
export type Answer =
  | { readonly status: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> }
  | { readonly stream: string; readonly ending: "cut" | "end" }
  | "cut"
  | "silence";

export interface AnsweredRequest {
  readonly method: string;
  readonly path: string;
  readonly body: ReturnType<typeof JSON.parse>;
}

function give(response: ServerResponse, answer: Answer): void {
  if (answer === "silence") return;
  if (answer === "cut") return void response.destroy();
  if ("stream" in answer) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(answer.stream, () => (answer.ending === "end" ? response.end() : response.destroy()));
    return;
  }
  const { status, body, headers } = answer;
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

/** An HTTP server that answers by script. */
export async function scriptedAnswers(conduct: (request: AnsweredRequest, nth: number) => Answer) {
  const requests: AnsweredRequest[] = [];
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const sent = await text(request);
    const asked = {
      method: request.method ?? "",
      path: request.url ?? "",
      body: sent === "" ? undefined : (JSON.parse(sent) as unknown),
    };
    give(response, conduct(asked, requests.push(asked) - 1));
  };
  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A refusal as a controller words it. */
export const refusal = (status: number, code: string, cause: string, change: Record<string, unknown> = {}) => ({
  status,
  body: {
    error: { code, cause, message: `It is ${code}.`, remedy: "Mend it.", retryable: status >= 429, ...change },
    request_id: "r1",
  },
});
