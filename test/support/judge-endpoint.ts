import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";
import { OpenAiJudge, type OpenAiJudgeOptions } from "../../src/grader/judge/openai-judge.ts";

const chatRequest = z.object({
  model: z.string(),
  messages: z.array(z.object({ role: z.string(), content: z.string() })),
  response_format: z.unknown().optional(),
});

export interface AskedQuestion {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly model: string;
  readonly system: string;
  readonly user: string;
  readonly hasSchema: boolean;
}

/** What the stand-in does with a question; `nth` counts from 0. */
export type JudgeConduct = (
  question: AskedQuestion,
  nth: number,
) =>
  | { content: string }
  | { status: number; headers?: Record<string, string>; message?: string; body?: string }
  | "hang";

/** A stand-in of an endpoint of chat completions, over real HTTP, that does as it is told. */
export class JudgeEndpoint implements AsyncDisposable {
  readonly asked: AskedQuestion[] = [];
  readonly #server: Server;

  private constructor(conduct: JudgeConduct) {
    this.#server = createServer((request, response) => void this.#serve(request, response, conduct));
  }

  static async listen(conduct: JudgeConduct): Promise<JudgeEndpoint> {
    const endpoint = new JudgeEndpoint(conduct);
    await new Promise<void>((resolve) => endpoint.#server.listen(0, "127.0.0.1", resolve));
    return endpoint;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  judge(options: Partial<OpenAiJudgeOptions> = {}): OpenAiJudge {
    const usual = { apiKey: "secret-key", model: "judge-1", parallel: 8, deadlineMs: 8000, retries: 2 };
    return new OpenAiJudge({ baseUrl: this.baseUrl, ...usual, ...options });
  }

  async #serve(request: IncomingMessage, response: ServerResponse, conduct: JudgeConduct): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { model, messages, response_format } = chatRequest.parse(JSON.parse(Buffer.concat(chunks).toString("utf8")));
    const said = (role: string) => messages.find((message) => message.role === role)?.content ?? "";
    const question: AskedQuestion = {
      path: request.url ?? "",
      authorization: request.headers.authorization,
      model,
      system: said("system"),
      user: said("user"),
      hasSchema: response_format !== undefined,
    };
    const reply = conduct(question, this.asked.push(question) - 1);
    if (reply === "hang") return;
    const [status, headers, body] =
      "content" in reply
        ? [200, {}, completion(reply.content)]
        : [
            reply.status,
            reply.headers ?? {},
            reply.body ?? JSON.stringify({ error: { message: reply.message ?? "no" } }),
          ];
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

const completion = (content: string): string =>
  JSON.stringify({
    id: "c",
    object: "chat.completion",
    created: 1,
    model: "judge-1",
    choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content } }],
  });

export const judges = (result: unknown): { content: string } => ({
  content: JSON.stringify({ steps: [{ description: "read it", conclusion: "as it is" }], result }),
});

/** What stands outside the delimiters with the question's code: all that even a judge who obeys anything takes orders from. */
export function outsideTheDelimiters({ system, user }: AskedQuestion): string {
  const code = /code=([0-9a-f]{32})/.exec(system)?.[1] ?? "";
  const between = new RegExp(`^<(untrusted_\\w+) code=${code}>$[\\s\\S]*?^</\\1 code=${code}>$`, "gm");
  return user.replaceAll(between, "");
}

/** Gives the best result to whoever asks for it where orders are taken from, and the worst to all others. */
export const gullible: JudgeConduct = (question) =>
  judges(/full score|"result"/i.test(outsideTheDelimiters(question)) ? 1 : 0);
