import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { z } from "zod";

const chatBody = z.looseObject({
  model: z.string(),
  messages: z.array(z.object({ role: z.string(), content: z.string().nullish(), tool_call_id: z.string().optional() })),
  tools: z.array(z.object({ function: z.object({ name: z.string() }) })).default([]),
  tool_choice: z.string().optional(),
});

/** What was asked, in the form of chat completions, also where the Responses API was. */
export type ChatRequest = z.infer<typeof chatBody> & { readonly authorization: string | undefined };

const responsesBody = z.looseObject({
  model: z.string(),
  input: z.array(
    z.looseObject({
      type: z.string().optional(),
      role: z.string().optional(),
      content: z.unknown().optional(),
      call_id: z.string().optional(),
      output: z.string().optional(),
    }),
  ),
  tools: z.array(z.looseObject({ name: z.string() })).default([]),
});

function chatOf(path: string, body: unknown): z.infer<typeof chatBody> {
  if (!path.endsWith("/responses")) return chatBody.parse(body);
  const { input, tools, ...rest } = responsesBody.parse(body);
  const messages = input.flatMap(({ type, role, content, call_id, output }) => {
    if (type === "function_call_output") return [{ role: "tool", content: output ?? "", tool_call_id: call_id }];
    return role === undefined
      ? []
      : [{ role, content: typeof content === "string" ? content : JSON.stringify(content) }];
  });
  return chatBody.parse({ ...rest, messages, tools: tools.map(({ name }) => ({ function: { name } })) });
}

/** What a model says: an answer, or calls at once; arguments are text, as models write them. `raw` is the body of the answer as it is. */
export type ChatReply =
  | { readonly content: string }
  | { readonly calls: readonly (readonly [id: string, name: string, args: string])[] }
  | { readonly raw: unknown }
  | { readonly status: number; readonly message?: string; readonly headers?: Readonly<Record<string, string>> }
  | "silence"
  | "cut";

/** What the scripted model does with a request; `nth` counts from 0. */
export type Conduct = (request: ChatRequest, nth: number) => ChatReply | Promise<ChatReply>;

/** A stand-in of a model that calls tools, behind real HTTP: chat completions and the Responses API. Each request counts as 100 tokens. */
export class ChatEndpoint implements AsyncDisposable {
  readonly requests: ChatRequest[] = [];
  readonly #server: Server;

  private constructor(conduct: Conduct) {
    this.#server = createServer((request, response) => void this.#serve(request, response, conduct));
  }

  static async listen(conduct: Conduct): Promise<ChatEndpoint> {
    const endpoint = new ChatEndpoint(conduct);
    await new Promise<void>((resolve) => endpoint.#server.listen(0, "127.0.0.1", resolve));
    return endpoint;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async #serve(request: IncomingMessage, response: ServerResponse, conduct: Conduct): Promise<void> {
    const path = request.url ?? "";
    const chat = { ...chatOf(path, await json(request)), authorization: request.headers.authorization };
    const reply = await conduct(chat, this.requests.push(chat) - 1);
    if (reply === "silence") return;
    if (reply === "cut") return void response.destroy();
    if ("status" in reply) {
      const { status, message = "no", headers = {} } = reply;
      const body = JSON.stringify({ error: { message } });
      return void response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
    }
    const said = path.endsWith("/responses") ? responseOf(chat.model, reply) : completion(chat.model, reply);
    const body = "raw" in reply ? reply.raw : said;
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

type Said = Exclude<ChatReply, string | { status: number }>;

function completion(model: string, reply: Said) {
  const message = {
    role: "assistant",
    content: "content" in reply ? reply.content : null,
    ...("calls" in reply && {
      tool_calls: reply.calls.map(([id, name, args]) => ({
        id,
        type: "function",
        function: { name, arguments: args },
      })),
    }),
  };
  const usage = { prompt_tokens: 90, completion_tokens: 10, total_tokens: 100 };
  return { id: "c", object: "chat.completion", created: 1, model, usage, choices: [{ index: 0, message }] };
}

function responseOf(model: string, reply: Said) {
  const reasoning = { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "secret thoughts" };
  const said =
    "content" in reply
      ? [{ type: "message", id: "m_1", role: "assistant", content: [{ type: "output_text", text: reply.content }] }]
      : [];
  const calls =
    "calls" in reply
      ? reply.calls.map(([id, name, args]) => ({
          type: "function_call",
          id: `fc_${id}`,
          call_id: id,
          name,
          arguments: args,
        }))
      : [];
  const usage = {
    input_tokens: 90,
    input_tokens_details: { cached_tokens: 30 },
    output_tokens: 10,
    total_tokens: 100,
  };
  return { id: "r", object: "response", status: "completed", model, usage, output: [reasoning, ...said, ...calls] };
}
