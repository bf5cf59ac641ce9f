import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

/** What a model is asked, as far as a script looks at it. */
export interface ModelRequest {
  readonly tools?: readonly Record<string, unknown>[];
  readonly input?: readonly Record<string, unknown>[];
  readonly stream?: boolean;
}

export type OutputItem = Record<string, unknown>;

/** A stand-in of a model behind the Responses API, streamed to who asks for that: it says what its script says, one turn after the other. */
export class ResponsesEndpoint implements AsyncDisposable {
  readonly requests: ModelRequest[] = [];
  readonly #server: Server;

  private constructor(script: (request: ModelRequest, turn: number) => OutputItem) {
    this.#server = createServer((request, response) => void this.#serve(request, response, script));
  }

  static async listen(script: (request: ModelRequest, turn: number) => OutputItem): Promise<ResponsesEndpoint> {
    const endpoint = new ResponsesEndpoint(script);
    await new Promise<void>((resolve) => endpoint.#server.listen(0, "127.0.0.1", resolve));
    return endpoint;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async #serve(
    request: IncomingMessage,
    response: ServerResponse,
    script: (request: ModelRequest, turn: number) => OutputItem,
  ): Promise<void> {
    if (request.method !== "POST" || !request.url?.endsWith("/responses"))
      return void response.writeHead(404).end("{}");
    const asked = (await json(request)) as ModelRequest;
    const turn = this.requests.push(asked) - 1;
    const id = `resp_${turn}`;
    const usage = {
      input_tokens: 1,
      input_tokens_details: null,
      output_tokens: 1,
      output_tokens_details: null,
      total_tokens: 2,
    };
    if (asked.stream !== true) {
      const whole = { id, object: "response", status: "completed", output: [script(asked, turn)], usage };
      return void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(whole));
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    const tell = (type: string, event: object) =>
      response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...event })}\n\n`);
    tell("response.created", { response: { id } });
    tell("response.output_item.done", { output_index: 0, item: script(asked, turn) });
    tell("response.completed", { response: { id, usage } });
    response.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

export const said = (text: string): OutputItem => ({
  type: "message",
  role: "assistant",
  id: "msg_1",
  content: [{ type: "output_text", text }],
});

export const shellCalled = (callId: string, ...commands: readonly string[]): OutputItem => ({
  type: "shell_call",
  id: `sh_${callId}`,
  call_id: callId,
  status: "completed",
  action: { commands, timeout_ms: null, max_output_length: null },
});

export const called = (callId: string, name: string, args: object, namespace?: string): OutputItem => ({
  type: "function_call",
  id: `fc_${callId}`,
  call_id: callId,
  name,
  arguments: JSON.stringify(args),
  ...(namespace === undefined ? {} : { namespace }),
});
