import type { JobFile } from "./job-file.ts";

/** Stands where the key of Berth is, in what people are shown. */
export const SHOWN_KEY = "•••";

/** Names the submission in the job's metadata, so that a job whose answer was lost is found again. */
export const SUBMISSION = "berth_submission";

export interface JobBody {
  readonly model: string;
  readonly training_file: string;
  readonly [field: string]: unknown;
}

/**
 * The body of `POST /fine_tuning/jobs`. `tools`, `max_episode_steps` and graders of the type `endpoint` are in no public SDK's types.
 * @param files the ids that the trainer knows its files by
 */
export function jobBody(
  job: JobFile,
  options: { key: string; submission: string; files: { training: string; validation?: string | undefined } },
): JobBody {
  const { berth, grader, model, suffix, seed, max_episode_steps, hyperparameters, metadata } = job;
  const { key, submission, files } = options;
  const headers = berth.key_in === "header" ? { Authorization: `Bearer ${key}` } : {};
  const urlOf = (path: string): string => {
    const url = new URL(`/v1/agent-rft/${path}`, berth.url);
    if (berth.key_in === "url") url.searchParams.set("key", key);
    return url.href;
  };
  return {
    model,
    training_file: files.training,
    ...(files.validation === undefined ? {} : { validation_file: files.validation }),
    ...(suffix === undefined ? {} : { suffix }),
    ...(seed === undefined ? {} : { seed }),
    metadata: { ...metadata, [SUBMISSION]: submission },
    method: {
      type: "reinforcement",
      reinforcement: {
        tools: berth.tools.map((name) => ({ name, server_url: urlOf("tools"), headers })),
        grader: {
          type: "endpoint",
          name: grader.name,
          url: urlOf("grade"),
          headers,
          rate_limit: grader.rate_limit,
          ...(grader.pass_threshold === undefined ? {} : { pass_threshold: grader.pass_threshold }),
        },
        max_episode_steps,
        hyperparameters,
      },
    },
  };
}
