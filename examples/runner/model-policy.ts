import type OpenAI from "openai";
import type { ToolSchema } from "./api.ts";
import type { Policy } from "./policy.ts";

type Message = OpenAI.ChatCompletionMessageParam;
type ToolCall = OpenAI.ChatCompletionMessageFunctionToolCall;

const second = 1_000;

export interface ModelPolicyOptions {
  readonly client: OpenAI;
  readonly model: string;
  /** What the model may call. */
  readonly tools: (environment: string) => readonly ToolSchema[];
  /** Completions of one rollout; in the last one it may only answer. */
  readonly turns: number;
  /** Tokens of one rollout, as the endpoint counts them; beyond them the model may only answer. */
  readonly tokens: number;
  /** One rollout in all. */
  readonly seconds: number;
}

const system = `You work in a sandbox whose workspace is the current folder, by the tools that you are given.
Call several tools at once when none needs another's result. When you are done, answer without a call: that last message is what counts.`;

const calledFunctions = (message: OpenAI.ChatCompletionMessage): readonly ToolCall[] =>
  (message.tool_calls ?? []).filter((call) => call.type === "function");

/** What a model sends is not always JSON, nor always an object. */
function argumentsOf(call: ToolCall): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(call.function.arguments || "{}");
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** A model behind any endpoint of chat completions: it calls tools, all of a message at once, until it answers. */
export function modelPolicy({ client, model, tools, turns, tokens, seconds }: ModelPolicyOptions): Policy {
  return async (row, rollout) => {
    const signal = AbortSignal.timeout(seconds * second);
    const schemas = tools(row.environment);
    const messages: Message[] = [
      { role: "system", content: system },
      { role: "user", content: row.prompt },
    ];
    let used = 0;
    for (let turn = 1; turn <= turns; turn++) {
      const mayCall = turn < turns && used < tokens && schemas.length > 0;
      const completion = await client.chat.completions.create(
        {
          model,
          messages,
          ...(schemas.length > 0 ? { tools: [...schemas], tool_choice: mayCall ? "auto" : "none" } : {}),
        },
        { signal },
      );
      used += completion.usage?.total_tokens ?? 0;
      const message = completion.choices[0]?.message;
      if (message === undefined) throw new Error("The endpoint gave no message.");
      const calls = calledFunctions(message);
      if (!mayCall || calls.length === 0) return message.content ?? "";
      messages.push({ role: "assistant", content: message.content, tool_calls: [...calls] });
      messages.push(
        ...(await Promise.all(
          calls.map(async (call): Promise<Message> => {
            const args = argumentsOf(call);
            const content =
              args === undefined
                ? "Error: the arguments are not a JSON object."
                : await rollout.call(call.function.name, args);
            return { role: "tool", tool_call_id: call.id, content };
          }),
        )),
      );
    }
    return "";
  };
}
