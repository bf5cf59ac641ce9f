import type OpenAI from "openai";
import { z } from "zod";
import type { AgentModel, Conversation, ModelTurn } from "./agent-model.ts";
import { endpoint, type EndpointOptions } from "./endpoint.ts";
import { ModelFailure } from "./model-failure.ts";

type ChatMessage = OpenAI.ChatCompletionMessageParam;

const count = z.number().int().min(0).catch(0);

/** As much of a completion as is used; endpoints differ in the rest. */
const completion = z.object({
  choices: z
    .array(
      z.object({
        message: z.object({
          content: z.string().nullish(),
          tool_calls: z
            .array(
              z.object({
                id: z.string().nullish(),
                function: z.object({ name: z.string().catch(""), arguments: z.unknown() }).optional(),
              }),
            )
            .nullish(),
        }),
      }),
    )
    .min(1),
  usage: z
    .object({
      prompt_tokens: count,
      completion_tokens: count,
      prompt_tokens_details: z.object({ cached_tokens: count }).nullish().catch(null),
    })
    .nullish(),
});

const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value ?? {}));

function turnOf(answer: unknown): ModelTurn {
  const parsed = completion.safeParse(answer);
  const message = parsed.data?.choices[0]?.message;
  if (!parsed.success || !message) throw new ModelFailure("model_malformed", "The endpoint's reply is no completion.");
  const content = message.content ?? "";
  const calls = (message.tool_calls ?? []).flatMap(({ id, function: called }, nth) =>
    called === undefined ? [] : [{ id: id || `call_${nth}`, name: called.name, arguments: textOf(called.arguments) }],
  );
  const said: ChatMessage = {
    role: "assistant",
    content,
    ...(calls.length > 0 && {
      tool_calls: calls.map((call) => ({
        id: call.id,
        type: "function" as const,
        function: { name: call.name, arguments: call.arguments },
      })),
    }),
  };
  const { usage } = parsed.data;
  return {
    text: content,
    calls,
    usage: {
      input: usage?.prompt_tokens ?? 0,
      cached_input: usage?.prompt_tokens_details?.cached_tokens ?? 0,
      output: usage?.completion_tokens ?? 0,
    },
    raw: [said],
  };
}

function messagesOf({ messages, exchanges }: Conversation): ChatMessage[] {
  const later = exchanges.flatMap(({ turn, answers }): ChatMessage[] => [
    ...(turn.raw as ChatMessage[]),
    ...turn.calls.map(({ id }, nth): ChatMessage => ({ role: "tool", tool_call_id: id, content: answers[nth] ?? "" })),
  ]);
  return [...messages, ...later];
}

/** A model behind any endpoint of chat completions. */
export function chatCompletions(options: EndpointOptions): AgentModel {
  const ask = endpoint(options);
  return {
    async ask(conversation, signal) {
      const { tools } = conversation;
      const body = {
        model: options.model,
        messages: messagesOf(conversation),
        ...(tools.length > 0 && { tools: [...tools] }),
        ...options.body,
      };
      return turnOf(
        await ask((client, how) => client.chat.completions.create({ ...body, stream: false }, how), signal),
      );
    },
  };
}
