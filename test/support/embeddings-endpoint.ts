import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";
import { wordsOf } from "../../src/code-index/words.ts";
import { OpenAiEmbedder, type OpenAiEmbedderOptions } from "../../src/code-index/meaning/openai-embedder.ts";

const asked = z.object({ model: z.string(), input: z.array(z.string()), encoding_format: z.literal("float") });

const dimensions = 2_048;
/** Words that this stand-in takes to mean the same. */
const synonyms: Readonly<Record<string, string>> = { logged: "session", out: "end", users: "user", sum: "total" };

/** A bag of words, each at a place of its own among the numbers: texts lie near each other that share words, or their synonyms. */
export function meaningOf(text: string): number[] {
  const numbers = Array.from({ length: dimensions }, () => 0);
  for (const word of wordsOf(text)) {
    const at = placeOf(synonyms[word] ?? word);
    numbers[at] = (numbers[at] ?? 0) + 1;
  }
  return numbers;
}

function placeOf(word: string): number {
  return createHash("sha256").update(word).digest().readUInt32LE() % dimensions;
}

/** What the stand-in does with a request: `nth` counts from 0. */
export type EmbeddingsConduct = (nth: number) => "embed" | "hang" | { status: number; body: string };

/** A stand-in of an endpoint of embeddings, over real HTTP. */
export class EmbeddingsEndpoint implements AsyncDisposable {
  readonly requests: { texts: readonly string[]; authorization: string | undefined; model: string }[] = [];
  readonly #server: Server;

  private constructor(conduct: EmbeddingsConduct) {
    this.#server = createServer((request, response) => void this.#serve(request, response, conduct));
  }

  static async listen(conduct: EmbeddingsConduct = () => "embed"): Promise<EmbeddingsEndpoint> {
    const endpoint = new EmbeddingsEndpoint(conduct);
    await new Promise<void>((resolve) => endpoint.#server.listen(0, "127.0.0.1", resolve));
    return endpoint;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  get texts(): readonly string[] {
    return this.requests.flatMap(({ texts }) => texts);
  }

  embedder(options: Partial<OpenAiEmbedderOptions> = {}): OpenAiEmbedder {
    const usual = { apiKey: "secret-key", model: "words-1", parallel: 2, deadlineMs: 8_000 };
    return new OpenAiEmbedder({ baseUrl: this.baseUrl, ...usual, ...options });
  }

  async #serve(request: IncomingMessage, response: ServerResponse, conduct: EmbeddingsConduct): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { input: texts, model } = asked.parse(JSON.parse(Buffer.concat(chunks).toString("utf8")));
    const nth = this.requests.push({ texts, model, authorization: request.headers.authorization }) - 1;
    const does = conduct(nth);
    if (does === "hang") return;
    const data = texts.map((text, index) => ({ object: "embedding", index, embedding: meaningOf(text) }));
    const honest = { status: 200, body: JSON.stringify({ object: "list", model, data: data.toReversed() }) };
    const { status, body } = does === "embed" ? honest : does;
    response.writeHead(status, { "content-type": "application/json" }).end(body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
