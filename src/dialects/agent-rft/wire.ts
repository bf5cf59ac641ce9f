import { z } from "zod";

/** What the trainer accepts, and sends, in one message: its model is shown a 413 above. */
export const maxMessageBytes = 1_000_000;

/** A dataset row without what its notes call chat; opaque but for the fields that name an environment. */
const item = z.record(z.string(), z.unknown()).nullish();

/** One identity for a whole rollout: headers are the same for all of a job. */
const traceId = z.string().max(64);

/** A call as the trainer sends it. What it may leave out, or send in a form of its own, is optional here. */
export const functionCall = z.looseObject({
  type: z.string().nullish(),
  /** Opaque; goes back as it came. */
  id: z.string().max(1024).nullish(),
  call_id: z.string().max(1024).nullish(),
  /** In the path of `/tools/{name}` it may be missing here. */
  name: z.string().max(256).nullish(),
  arguments: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish(),
  trace_id: traceId,
  item,
});
export type FunctionCall = z.infer<typeof functionCall>;

export const functionCallOutput = z.strictObject({
  type: z.literal("function_call_output"),
  id: z.string().nullable(),
  call_id: z.string().nullable(),
  output: z.string(),
});
export type FunctionCallOutput = z.infer<typeof functionCallOutput>;

const message = z.looseObject({ content: z.unknown().optional() });

/** What the model said. The tool calls in it are not to be trusted: the rollout's own record is. */
const sample = z.looseObject({
  output_text: z.string().nullish(),
  choices: z.array(z.looseObject({ message: message.nullish() })).nullish(),
});
export type Sample = z.infer<typeof sample>;

export const gradeCall = z.looseObject({ sample: sample.nullish(), item, trace_id: traceId });

export const score = z.strictObject({ score: z.number() });
