import OpenAI from "openai";
import { withDeadline } from "../../core/deadline.ts";
import { BerthError } from "../../core/errors.ts";
import { openAiClient } from "../../core/openai-client.ts";
import { Slots } from "../../core/slots.ts";
import type { JudgeModel, JudgeQuestion, JudgeReply } from "./judge-model.ts";

export interface OpenAiJudgeOptions {
  /** With its version: `https://…/v1`. */
  readonly baseUrl: string;
  /** Empty: none is sent. */
  readonly apiKey: string;
  readonly model: string;
  /** Requests in flight at a time, of all gradings together. */
  readonly parallel: number;
  /** For one question, repetitions included, in milliseconds; waiting for its turn is not counted. */
  readonly deadlineMs: number;
  readonly retries: number;
}

const mostReplyBytes = 1024 ** 2;

/** Models of which it is remembered that they take no schema. */
const mostRemembered = 1000;

/** A judge behind any endpoint that speaks OpenAI's chat completions. */
export class OpenAiJudge implements JudgeModel {
  readonly #client: OpenAI;
  readonly #options: OpenAiJudgeOptions;
  readonly #slots: Slots;
  readonly #withoutSchema = new Set<string>();

  constructor(options: OpenAiJudgeOptions) {
    this.#options = options;
    this.#slots = new Slots(options.parallel);
    this.#client = openAiClient({ ...options, mostReplyBytes });
  }

  async ask(question: JudgeQuestion, signal: AbortSignal): Promise<JudgeReply> {
    const model = question.model ?? this.#options.model;
    const inTime = () =>
      withDeadline("The judge's reply", this.#options.deadlineMs, (within) => this.#ask(question, model, within), {
        parent: signal,
        code: "grader_timeout",
      });
    return await this.#slots.run(inTime, signal);
  }

  async #ask(question: JudgeQuestion, model: string, signal: AbortSignal): Promise<JudgeReply> {
    if (!this.#withoutSchema.has(model)) {
      try {
        return await this.#complete(question, model, true, signal);
      } catch (thrown) {
        if (!refusesSchema(thrown)) throw failure(thrown, signal);
        if (this.#withoutSchema.size < mostRemembered) this.#withoutSchema.add(model);
      }
    }
    try {
      return await this.#complete(question, model, false, signal);
    } catch (thrown) {
      throw failure(thrown, signal);
    }
  }

  async #complete(
    { system, user, schema }: JudgeQuestion,
    model: string,
    schemaEnforced: boolean,
    signal: AbortSignal,
  ): Promise<JudgeReply> {
    const form = `\nReply with one JSON object and nothing else. Its JSON schema: ${JSON.stringify(schema.schema)}`;
    const completion = await this.#client.chat.completions.create(
      {
        model,
        messages: [
          { role: "system", content: schemaEnforced ? system : system + form },
          { role: "user", content: user },
        ],
        ...(schemaEnforced && {
          response_format: {
            type: "json_schema",
            json_schema: { ...schema, schema: { ...schema.schema }, strict: true },
          },
        }),
      },
      { signal },
    );
    const message = (completion as Partial<typeof completion>).choices?.[0]?.message;
    return { text: message?.content ?? "", model, schemaEnforced };
  }
}

/** Endpoints say so with a client error that names what they do not know. */
const refusesSchema = (thrown: unknown): boolean =>
  thrown instanceof OpenAI.APIError &&
  [400, 404, 415, 422, 501].includes(Number(thrown.status)) &&
  /response_?format|json_?schema|structured|schema/i.test(thrown.message);

function failure(thrown: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (thrown instanceof OpenAI.APIConnectionTimeoutError)
    return new BerthError("grader_timeout", "The judge's endpoint did not answer in time.", {
      cause: thrown,
      remedy: "Raise judge_deadline_seconds, or look at the judge's endpoint.",
    });
  const what = thrown instanceof Error ? thrown.message : String(thrown);
  return new BerthError("grader_failed", `The judge cannot be asked: ${what.slice(0, 500)}`, {
    cause: thrown,
    remedy: "Check judge_base_url, judge_model and the judge's key and quota.",
  });
}
