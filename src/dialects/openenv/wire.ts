import { z } from "zod";
import { described } from "../../http/wire-schemas.ts";
import { environmentName } from "../../model/environment.ts";
import { group, isStorable, rolloutStatus } from "../../model/rollout.ts";
import { toolImage } from "../../model/tool-call.ts";

const storable = (text: z.ZodString) => text.refine(isStorable, { error: "must be Unicode text without NUL" });

export const environmentPath = z.strictObject({
  environment: described(environmentName, "The name of a registered environment."),
});

/** What `reset` takes; what other environments know besides is passed over, as their servers do. */
export const resetRequest = z.looseObject({
  episode_id: described(
    storable(z.string().min(1).max(255)).nullish(),
    "A UUID is the rollout's id, and the same again the same rollout. Any other text is kept as the rollout's label `episode_id`.",
  ),
  group: described(group.nullish(), "Rollouts of one group are compared with each other."),
  seed: described(z.number().int().nullish(), "Without effect: an environment is the same each time."),
});
export type ResetRequest = z.infer<typeof resetRequest>;

const toolName = z.string().min(1).max(256);
const toolArguments = z.union([z.record(z.string(), z.unknown()), z.string().max(1_000_000)]).default({});
const metadata = described(z.record(z.string(), z.unknown()).optional(), "Without effect.");

const toolAction = z.strictObject({
  tool: described(toolName, "The name of a tool."),
  arguments: described(toolArguments, "An object, or the same as a JSON string."),
  metadata,
});
const callToolAction = z.strictObject({
  type: z.literal("call_tool"),
  tool_name: described(toolName, "The name of a tool."),
  arguments: described(toolArguments, "An object, or the same as a JSON string."),
  metadata,
});
const listToolsAction = z.strictObject({ type: z.literal("list_tools"), metadata });
const submitAction = z.strictObject({
  type: described(z.literal("submit"), "Ends the episode and grades it, whichever tools the environment has."),
  answer: described(z.string().max(1_000_000).nullish(), "The policy's last message, for graders that judge it."),
  metadata,
});

/** What one step does. The tool `submit` ends the episode too. */
export const action = z.union([toolAction, callToolAction, listToolsAction, submitAction]);
export type Action = z.infer<typeof action>;

export const stepRequest = z.looseObject({
  action: described(action, "A tool to use, a question for the tools, or the end of the episode."),
  episode_id: described(z.string().max(64), "The rollout: `episode_id` of the observation that /reset gave."),
  request_id: described(
    storable(z.string().min(1).max(255)).nullish(),
    "The key of at-most-once execution: the same id again gives the stored result.",
  ),
});
export type StepRequest = z.infer<typeof stepRequest>;

export const toolError = z.strictObject({
  error_type: z.enum(["execution_error", "invalid_args", "tool_not_found"]),
  message: z.string(),
});

const offeredTool = z.strictObject({
  name: z.string(),
  description: z.string(),
  input_schema: z.record(z.string(), z.unknown()),
});

/** Which fields there are follows from what was done: /reset, a tool, the question for the tools, the end. */
export const observation = z.strictObject({
  episode_id: described(z.string().optional(), "After a reset: the rollout's id."),
  environment: z.string().optional(),
  tools: described(z.array(offeredTool).optional(), "What the environment offers, when it was asked for."),
  tool_name: described(z.string().optional(), "The tool that was used."),
  result: described(z.string().nullable().optional(), "What the model reads, a mistake of its own included."),
  images: z.array(toolImage).optional(),
  error: described(toolError.nullable().optional(), "Why the tool did not run, when the policy brought that about."),
  metadata: described(
    z.record(z.string(), z.unknown()),
    "Facts of the call, and `verdict` of an episode that is over: why it has this reward, or why it has none.",
  ),
});
export type Observation = z.infer<typeof observation>;

export const stepAnswer = z.strictObject({
  observation,
  reward: described(
    z.number().nullable(),
    "Null before the end. At the end null means that the episode could not be scored: it is no 0, and nothing is to be learnt from it.",
  ),
  done: z.boolean(),
});
export type StepAnswer = z.infer<typeof stepAnswer>;

export const stateQuery = z.strictObject({
  episode_id: described(z.string().max(64).optional(), "The rollout; without one there is no episode."),
});

export const state = z.strictObject({
  episode_id: described(z.string().nullable(), "The rollout's id; null before the first reset."),
  step_count: described(z.number().int().min(0), "Tool calls of the episode."),
  environment: z.string(),
  status: described(rolloutStatus.nullable(), "Of the rollout; null before the first reset."),
});
export type State = z.infer<typeof state>;

export const environmentMetadata = z.strictObject({
  name: z.string(),
  description: z.string(),
  readme_content: z.null(),
  version: z.null(),
  author: z.null(),
  documentation_url: z.null(),
});

const jsonSchema = z.record(z.string(), z.unknown());
export const schemas = z.strictObject({ action: jsonSchema, observation: jsonSchema, state: jsonSchema });

export const health = z.strictObject({ status: z.literal("healthy") });
