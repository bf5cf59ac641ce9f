import { z } from "zod";
import type { FunctionTool } from "../../client/function-tool.ts";

const tokens = z.number().int().min(0);

/** Tokens as the model's endpoint counts them; 0 where it does not say. */
export const usage = z.strictObject({
  input: tokens,
  /** Of the input, those that the endpoint had read before. */
  cached_input: tokens,
  output: tokens,
});
export type Usage = z.infer<typeof usage>;

/** One reply of a model: calls, or its last message. It is kept in the journal, so that no reply is asked for twice. */
export const modelTurn = z.strictObject({
  text: z.string(),
  calls: z.array(z.strictObject({ id: z.string(), name: z.string(), arguments: z.string() })),
  usage,
  /** What the model's own API takes back as its part of the conversation. */
  raw: z.array(z.unknown()),
});
export type ModelTurn = z.infer<typeof modelTurn>;

export interface Message {
  readonly role: "system" | "developer" | "user" | "assistant";
  readonly content: string;
}

/** A reply with calls and what came of each, in their order. */
export interface Exchange {
  readonly turn: ModelTurn;
  readonly answers: readonly string[];
}

export interface Conversation {
  readonly messages: readonly Message[];
  readonly tools: readonly FunctionTool[];
  readonly exchanges: readonly Exchange[];
}

/** A model behind an API. It keeps nothing between two questions. */
export interface AgentModel {
  /** @throws ModelFailure; the signal's reason when it aborts */
  ask(conversation: Conversation, signal: AbortSignal): Promise<ModelTurn>;
}
