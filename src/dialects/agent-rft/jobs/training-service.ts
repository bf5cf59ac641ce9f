import { createReadStream } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { APIConnectionError, APIError, AzureOpenAI, OpenAI } from "openai";
import { z } from "zod";
import type { TrainingAddress } from "../../../config/training-address.ts";
import { BerthError } from "../../../core/errors.ts";
import { SUBMISSION, type JobBody } from "./job-body.ts";

/** Of one request. */
const REQUEST_MS = 60_000;
const UPLOAD_MS = 280_000;
/** Of what only asks, and of what was refused for the time being, as Retry-After says. */
const RETRIES = 4;
const LONGEST_PAUSE_MS = 60_000;
/** Among so many of the latest jobs one is looked for whose answer was lost. */
const LATEST = 20;
const EVENTS_A_PAGE = 100;
/** Events between two looks; of more, the oldest are left out. */
const MOST_EVENTS = 2_000;

const job = z.looseObject({
  id: z.string().max(256),
  status: z.string().max(64),
  model: z.string().max(256).nullish(),
  fine_tuned_model: z.string().max(512).nullish(),
  trained_tokens: z.number().nullish(),
  estimated_finish: z.number().nullish(),
  error: z.looseObject({ code: z.string().nullish(), message: z.string().nullish() }).nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
});
export type TrainingJob = z.infer<typeof job>;

const event = z.looseObject({
  id: z.string().max(256),
  /** Unix seconds. */
  created_at: z.number().min(0).max(10_000_000_000),
  level: z.string().max(32).default("info"),
  message: z.string().default(""),
  data: z.unknown().optional(),
});
export type TrainingEvent = z.infer<typeof event>;

export interface TrainingOptions {
  /** Milliseconds for one request. */
  readonly requestMs?: number;
  /** Of what only asks. */
  readonly retries?: number;
}

/** Where jobs are submitted: OpenAI, Azure, or what speaks like them. All of its methods have deadlines and throw BerthError. */
export class TrainingService {
  readonly #client: OpenAI;
  readonly #baseUrl: string;

  constructor(
    { baseUrl, apiKey, apiVersion }: TrainingAddress,
    { requestMs = REQUEST_MS, retries = RETRIES }: TrainingOptions = {},
  ) {
    const common = { apiKey, baseURL: baseUrl, timeout: requestMs, maxRetries: retries };
    this.#baseUrl = baseUrl;
    this.#client = apiVersion === undefined ? new OpenAI(common) : new AzureOpenAI({ ...common, apiVersion });
  }

  /** Gives the file's id. @throws BerthError `trainer_refused`, `trainer_unavailable` */
  async upload(path: string): Promise<string> {
    const file = createReadStream(path);
    try {
      return await this.#asked(async () => {
        const made = await this.#client.files.create(
          { file, purpose: "fine-tune" },
          { timeout: UPLOAD_MS, maxRetries: 0 },
        );
        return z.string().min(1).max(256).parse(made.id);
      });
    } finally {
      file.destroy();
    }
  }

  /**
   * Begins a job, once: a job costs money. When its answer is lost, it is looked for by its submission.
   * @throws BerthError `trainer_refused` when there is none, `trainer_unavailable` when that cannot be known
   */
  async create(body: JobBody): Promise<TrainingJob> {
    for (let retries = 0; ; retries++) {
      try {
        return await this.#begin(body);
      } catch (error) {
        // Refused for the time being: there is no job.
        if (!(error instanceof APIError) || error.status !== 429 || retries === RETRIES) throw this.#told(error);
        await pauseBefore(error.headers as Headers | undefined);
      }
    }
  }

  async #begin(body: JobBody): Promise<TrainingJob> {
    try {
      const made: unknown = await this.#client.post("/fine_tuning/jobs", { body, maxRetries: 0 });
      return job.parse(made);
    } catch (error) {
      if (error instanceof APIError && error.status !== undefined && error.status < 500) throw error;
      const found = await this.#latest().catch((): TrainingJob[] => []);
      const metadata = body["metadata"] as Record<string, string> | undefined;
      const begun = found.find((one) => one.metadata?.[SUBMISSION] === metadata?.[SUBMISSION]);
      if (begun) return begun;
      throw error;
    }
  }

  async #latest(): Promise<TrainingJob[]> {
    const page: unknown = await this.#client.get("/fine_tuning/jobs", { query: { limit: LATEST } });
    return z.object({ data: z.array(job) }).parse(page).data;
  }

  /** @throws BerthError `trainer_refused`, `trainer_unavailable` */
  retrieve(id: string): Promise<TrainingJob> {
    return this.#asked(async () => job.parse(await this.#client.get(`/fine_tuning/jobs/${encodeURIComponent(id)}`)));
  }

  /** What came after the event `last`, oldest first. @throws BerthError `trainer_refused`, `trainer_unavailable` */
  async eventsAfter(id: string, last: string | undefined): Promise<TrainingEvent[]> {
    const path = `/fine_tuning/jobs/${encodeURIComponent(id)}/events`;
    const answer = z.object({ data: z.array(event).max(EVENTS_A_PAGE), has_more: z.boolean().default(false) });
    const found: TrainingEvent[] = [];
    while (found.length < MOST_EVENTS) {
      const after = found.at(-1)?.id;
      const query = { limit: EVENTS_A_PAGE, ...(after === undefined ? {} : { after }) };
      const { data, has_more } = await this.#asked(async () => answer.parse(await this.#client.get(path, { query })));
      const known = data.findIndex((one) => one.id === last);
      found.push(...(known < 0 ? data : data.slice(0, known)));
      if (known >= 0 || !has_more || data.length === 0) break;
    }
    return found.toReversed();
  }

  async #asked<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      throw this.#told(error);
    }
  }

  #told(thrown: unknown): BerthError {
    if (thrown instanceof APIConnectionError)
      return new BerthError(
        "trainer_unavailable",
        `The trainer at ${this.#baseUrl} does not answer: ${thrown.message}`,
        {
          cause: thrown,
        },
      );
    if (thrown instanceof APIError && thrown.status !== undefined) {
      const code = thrown.status === 429 || thrown.status >= 500 ? "trainer_unavailable" : "trainer_refused";
      return new BerthError(code, `The trainer answered ${thrown.status}: ${withoutStatus(thrown.message)}`, {
        cause: thrown,
      });
    }
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new BerthError("trainer_unavailable", `The trainer's answer cannot be read: ${message.slice(0, 500)}`, {
      cause: thrown,
    });
  }
}

/** As long as Retry-After says, from a second when it says nothing to a minute. */
async function pauseBefore(headers: Headers | undefined): Promise<void> {
  const given = [Number(headers?.get("retry-after-ms") ?? Number.NaN), 1000 * Number(headers?.get("retry-after") ?? 1)];
  const ms = given.find(Number.isFinite) ?? 1_000;
  await pause(Math.min(Math.max(0, ms), LONGEST_PAUSE_MS));
}

/** The client puts the status before what the service says. */
const withoutStatus = (message: string): string => message.replace(/^\d{3} /, "").slice(0, 2_000);
