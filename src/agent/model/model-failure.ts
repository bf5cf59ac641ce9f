import OpenAI from "openai";

/**
 * Why a model gave no reply. `model_context_full`: the conversation is longer than it can read, which ends the turn of its policy.
 * `model_denied`: the endpoint refuses whoever asks, or knows no such model; asking for other samples is in vain.
 */
export type ModelFailureCode =
  | "model_unavailable"
  | "model_timeout"
  | "model_refused"
  | "model_malformed"
  | "model_context_full"
  | "model_denied";

export class ModelFailure extends Error {
  readonly code: ModelFailureCode;

  constructor(code: ModelFailureCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "ModelFailure";
    this.code = code;
  }
}

const longest = 500;
const tooLong = /context[_ ](?:length|window)|maximum context|too many tokens|prompt is too long/i;

function codeOf(status: number, told: string): ModelFailureCode {
  if (tooLong.test(told)) return "model_context_full";
  if (status === 401 || status === 403 || status === 404) return "model_denied";
  // A quota that is used up is told as 429 too, and waiting does not help either.
  return status >= 400 && status < 500 && status !== 408 && status !== 409 && status !== 429
    ? "model_refused"
    : "model_unavailable";
}

/** What the `openai` package throws, by what it means for a sample. */
export function modelFailureOf(thrown: unknown): ModelFailure {
  if (thrown instanceof ModelFailure) return thrown;
  const message = (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, longest);
  if (thrown instanceof OpenAI.APIConnectionTimeoutError) return new ModelFailure("model_timeout", message, thrown);
  const code =
    thrown instanceof OpenAI.APIError
      ? codeOf(Number(thrown.status), `${thrown.code} ${thrown.message}`)
      : "model_unavailable";
  return new ModelFailure(code, `The model cannot be asked: ${message}`, thrown);
}
