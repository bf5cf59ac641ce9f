import { z } from "zod";

const hyperparameter = z.union([z.number(), z.string().max(64), z.boolean()]);

/** A job of a hosted trainer whose tools and grader are Berth's, as people write it in YAML. Its secrets come from the environment. */
export const jobFile = z.strictObject({
  model: z.string().min(1).max(256),
  /** A file that the trainer has (`file-…`), or a path from the job's file, which is uploaded. */
  training_file: z.string().min(1).max(4096),
  validation_file: z.string().min(1).max(4096).optional(),
  berth: z.strictObject({
    /** As the trainer reaches it, without a path. */
    url: z.url({ protocol: /^https?$/, error: "must be an http or https URL" }),
    tools: z.array(z.string().min(1).max(64)).min(1).max(100),
    /** `url` for trainers that can send no headers. */
    key_in: z.enum(["header", "url"]).default("header"),
  }),
  grader: z
    .strictObject({
      name: z.string().min(1).max(64).default("berth"),
      /** Requests a second, and at the same time. */
      rate_limit: z.number().int().min(1).max(10_000).default(50),
      pass_threshold: z.number().optional(),
    })
    .prefault({}),
  max_episode_steps: z.number().int().min(1).max(100_000).default(50),
  hyperparameters: z.record(z.string().max(64), hyperparameter).default({}),
  suffix: z.string().min(1).max(64).optional(),
  seed: z.number().int().min(0).max(2_147_483_647).optional(),
  metadata: z
    .record(z.string().max(64), z.string().max(512))
    // One is for Berth.
    .refine((map) => Object.keys(map).length <= 15, { error: "must have at most 15 entries" })
    .default({}),
});
export type JobFile = z.infer<typeof jobFile>;
