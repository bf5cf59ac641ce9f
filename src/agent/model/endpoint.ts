import type OpenAI from "openai";
import { withDeadline } from "../../core/deadline.ts";
import { BerthError } from "../../core/errors.ts";
import { openAiClient } from "../../core/openai-client.ts";
import { ModelFailure, modelFailureOf } from "./model-failure.ts";

export interface EndpointOptions {
  /** With its version: `https://…/v1`. */
  readonly baseUrl: string;
  /** Undefined: none is sent. */
  readonly apiKey: string | undefined;
  readonly model: string;
  /** Fields of each request besides those of the conversation: a temperature, a limit of tokens. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Milliseconds for one reply, repetitions included. */
  readonly deadlineMs: number;
  /** Times that a request is sent again after 408, 409, 429, 5xx or a cut connection; Retry-After is heeded. */
  readonly retries: number;
}

/** A reply holds text and calls; a model that writes more than that in a turn has gone astray. */
const mostReplyBytes = 16 * 1024 ** 2;

export type AskEndpoint = <T>(
  request: (client: OpenAI, options: { signal: AbortSignal }) => Promise<T>,
  signal: AbortSignal,
) => Promise<T>;

/** One request to the endpoint, which ends at its deadline whatever the endpoint does. */
export function endpoint({ baseUrl, apiKey, deadlineMs, retries }: EndpointOptions): AskEndpoint {
  const client = openAiClient({ baseUrl, apiKey, retries, deadlineMs, mostReplyBytes });
  return async (request, signal) => {
    try {
      return await withDeadline("The model's reply", deadlineMs, (within) => request(client, { signal: within }), {
        parent: signal,
      });
    } catch (thrown) {
      signal.throwIfAborted();
      if (thrown instanceof BerthError) throw new ModelFailure("model_timeout", thrown.message, thrown);
      throw modelFailureOf(thrown);
    }
  };
}
