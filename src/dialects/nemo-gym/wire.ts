import { z } from "zod";
import { described } from "../../http/wire-schemas.ts";

/** A sample with its whole conversation is larger than other bodies. */
export const MOST_SAMPLE_BYTES = 16_000_000;

/** A row of the dataset with what the model is asked; what else the row has is its item. */
export const seedRequest = z.looseObject({
  responses_create_params: described(z.unknown().optional(), "What the model is asked; no concern of the sandbox."),
});

export const seedAnswer = z.strictObject({
  rollout_id: described(z.string(), "The rollout that the session is."),
  mcp: described(
    z.strictObject({
      server_name: z.string(),
      url_path: described(z.string(), "Below the address of the resources server."),
      transport: z.literal("http"),
      headers: described(z.record(z.string(), z.string()), "With the rollout's own key."),
    }),
    "The same tools for agents that speak MCP.",
  ),
});

export const toolRequest = z.record(z.string(), z.unknown());

export const toolAnswer = z.strictObject({
  output: described(z.string(), "What the model reads, a mistake of its own included."),
  done: described(z.boolean(), "The policy's turn is over: it has submitted, or used up what it may use."),
});
export type ToolAnswer = z.infer<typeof toolAnswer>;

const outputItem = z.looseObject({
  type: z.string().optional(),
  role: z.string().optional(),
  content: z.unknown().optional(),
});

export const verifyRequest = z.looseObject({
  responses_create_params: described(z.unknown().optional(), "Goes back as it came."),
  response: described(
    z.looseObject({ output: z.array(outputItem).optional() }),
    "What the model did. Its last message is the answer; what it did in the sandbox is in the rollout's own record.",
  ),
});
export type VerifyRequest = z.infer<typeof verifyRequest>;

/** The request comes back with these fields. */
export const verifyAnswer = z.looseObject({
  reward: described(
    z.number(),
    "A number in any case, as the interface has it: without a meaning where `mask_sample` is true.",
  ),
  mask_sample: described(z.boolean(), "Nothing is to be learnt from the sample: it could not be scored."),
  failure_kind: described(z.string().nullable(), "Why not, for grouping."),
  failure_reason: described(z.string().nullable(), "Why not, for people."),
  rollout_id: z.string(),
});
export type VerifyAnswer = z.infer<typeof verifyAnswer>;
