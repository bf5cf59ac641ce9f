import type OpenAI from "openai";
import { z } from "zod";
import type { AgentModel, Conversation, ModelTurn } from "./agent-model.ts";
import { endpoint, type EndpointOptions } from "./endpoint.ts";
import { ModelFailure } from "./model-failure.ts";

type Item = OpenAI.Responses.ResponseInputItem;

const count = z.number().int().min(0).catch(0);

/** As much of a response as is used; items of other types go back as they came. */
const response = z.object({
  status: z.string().optional(),
  error: z.object({ message: z.string() }).nullish().catch(null),
  output: z.array(z.looseObject({ type: z.string() })),
  usage: z
    .object({
      input_tokens: count,
      output_tokens: count,
      input_tokens_details: z.object({ cached_tokens: count }).nullish().catch(null),
    })
    .nullish(),
});

const functionCall = z.object({
  type: z.literal("function_call"),
  call_id: z.string(),
  name: z.string(),
  arguments: z.string(),
});
const message = z.object({
  type: z.literal("message"),
  content: z.array(z.object({ type: z.string(), text: z.string().optional() })),
});

function turnOf(answer: unknown): ModelTurn {
  const parsed = response.safeParse(answer);
  if (!parsed.success) throw new ModelFailure("model_malformed", "The endpoint's reply is no response.");
  const { status, error, output, usage } = parsed.data;
  if (status === "failed")
    throw new ModelFailure("model_unavailable", `The model failed: ${error?.message ?? "no reason is given"}.`);
  const calls = output.flatMap((item) => {
    const call = functionCall.safeParse(item).data;
    return call === undefined ? [] : [{ id: call.call_id, name: call.name, arguments: call.arguments }];
  });
  const said = output.flatMap((item) => message.safeParse(item).data?.content ?? []);
  return {
    text: said.map((part) => part.text ?? "").join(""),
    calls,
    usage: {
      input: usage?.input_tokens ?? 0,
      cached_input: usage?.input_tokens_details?.cached_tokens ?? 0,
      output: usage?.output_tokens ?? 0,
    },
    raw: output,
  };
}

function itemsOf({ messages, exchanges }: Conversation): Item[] {
  const later = exchanges.flatMap(({ turn, answers }): Item[] => [
    ...(turn.raw as Item[]),
    ...turn.calls.map(({ id }, nth): Item => ({
      type: "function_call_output",
      call_id: id,
      output: answers[nth] ?? "",
    })),
  ]);
  return [...messages.map(({ role, content }): Item => ({ role, content })), ...later];
}

/** A model behind the Responses API. Nothing is stored there: the conversation is sent whole, encrypted reasoning included. */
export function responses(options: EndpointOptions): AgentModel {
  const ask = endpoint(options);
  return {
    async ask(conversation, signal) {
      const { tools } = conversation;
      const body: OpenAI.Responses.ResponseCreateParamsNonStreaming = {
        model: options.model,
        input: itemsOf(conversation),
        store: false,
        include: ["reasoning.encrypted_content"],
        ...(tools.length > 0 && {
          tools: tools.map((tool) => ({ type: "function" as const, ...tool.function, strict: false })),
        }),
        ...options.body,
        stream: false,
      };
      return turnOf(await ask((client, how) => client.responses.create(body, how), signal));
    },
  };
}
