import type OpenAI from "openai";
import { z } from "zod";
import { withDeadline } from "../../core/deadline.ts";
import { BerthError } from "../../core/errors.ts";
import { openAiClient } from "../../core/openai-client.ts";
import { Slots } from "../../core/slots.ts";
import type { Embedder, Vector } from "./embedder.ts";

export interface OpenAiEmbedderOptions {
  /** With its version: `https://…/v1`. */
  readonly baseUrl: string;
  /** Empty: none is sent. */
  readonly apiKey: string;
  readonly model: string;
  /** Requests in flight at a time. */
  readonly parallel: number;
  /** For one request, repetitions included, in milliseconds; waiting for its turn is not counted. */
  readonly deadlineMs: number;
}

const batch = 64;
const retries = 2;
const mostReplyBytes = 64 * 1024 ** 2;

const reply = z.object({
  data: z.array(z.object({ index: z.number().int().min(0), embedding: z.array(z.number()).min(1).max(16_384) })),
});

/** Any endpoint that speaks OpenAI's embeddings. */
export class OpenAiEmbedder implements Embedder {
  readonly model: string;
  readonly #client: OpenAI;
  readonly #deadlineMs: number;
  readonly #slots: Slots;

  constructor({ baseUrl, apiKey, model, parallel, deadlineMs }: OpenAiEmbedderOptions) {
    this.model = model;
    this.#deadlineMs = deadlineMs;
    this.#slots = new Slots(parallel);
    this.#client = openAiClient({ baseUrl, apiKey, retries, deadlineMs, mostReplyBytes });
  }

  async embed(texts: readonly string[], signal: AbortSignal): Promise<Vector[]> {
    const batches = Array.from({ length: Math.ceil(texts.length / batch) }, (_, at) =>
      texts.slice(at * batch, (at + 1) * batch),
    );
    const failed = new AbortController();
    const either = AbortSignal.any([signal, failed.signal]);
    const embedded = batches.map((some) =>
      this.#slots
        .run(() => this.#embed(some, either), either)
        .catch((thrown: unknown) => {
          failed.abort(thrown);
          throw thrown;
        }),
    );
    return (await Promise.all(embedded)).flat();
  }

  async #embed(texts: readonly string[], signal: AbortSignal): Promise<Vector[]> {
    const ask = (within: AbortSignal) =>
      this.#client.embeddings.create(
        { model: this.model, input: [...texts], encoding_format: "float" },
        { signal: within },
      );
    try {
      const asked = withDeadline("The embeddings' endpoint", this.#deadlineMs, ask, {
        parent: signal,
        code: "embeddings_failed",
      });
      return vectorsOf(reply.parse(await asked), texts.length);
    } catch (thrown) {
      if (signal.aborted) throw signal.reason;
      if (thrown instanceof BerthError) throw thrown;
      const what = thrown instanceof z.ZodError ? "its reply is no list of embeddings" : messageOf(thrown);
      throw new BerthError("embeddings_failed", `The embeddings' endpoint cannot be used: ${what.slice(0, 500)}.`, {
        cause: thrown,
      });
    }
  }
}

function vectorsOf({ data }: z.infer<typeof reply>, count: number): Vector[] {
  const vectors: (Vector | undefined)[] = Array.from({ length: count });
  for (const { index, embedding } of data) vectors[index] = unit(embedding);
  const length = vectors[0]?.length;
  if (data.length !== count || vectors.some((vector) => vector === undefined || vector.length !== length))
    throw new Error("its reply has not one embedding of one length for each text");
  return vectors as Vector[];
}

function unit(numbers: readonly number[]): Vector {
  const length = Math.sqrt(numbers.reduce((sum, one) => sum + one * one, 0));
  return Float32Array.from(numbers, (one) => (length > 0 ? one / length : 0));
}

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
