import type { IncomingMessage } from "node:http";
import { z } from "zod";
import { budgetNames } from "../core/errors.ts";
import { causedBy } from "../model/error.ts";
import { BerthFailure } from "./failure.ts";

/** As in the model, but for what a newer controller may add. */
const body = z.object({
  error: z.object({
    code: z.string(),
    cause: causedBy,
    message: z.string(),
    remedy: z.string(),
    retryable: z.boolean(),
    budget: z.enum(budgetNames).optional().catch(undefined),
  }),
  request_id: z.string().optional(),
});

/** What proxies answer while a controller behind them is away or full. */
const passing: ReadonlySet<number> = new Set([429, 502, 503, 504]);

function retryAfterOf(response: IncomingMessage): number | undefined {
  const text = response.headers["retry-after"];
  if (text === undefined) return undefined;
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

/** What an answer says that is not a success. */
export function refusalOf(response: IncomingMessage, content: unknown, url: string): BerthFailure {
  const status = response.statusCode ?? 0;
  const retryAfterSeconds = retryAfterOf(response);
  const parsed = body.safeParse(content);
  if (!parsed.success) return strangerAt(url, status, retryAfterSeconds);
  const { code, cause, message, remedy, retryable, budget } = parsed.data.error;
  const requestId = parsed.data.request_id;
  return new BerthFailure(message, {
    code,
    causedBy: cause,
    remedy,
    retryable,
    status,
    retryAfterSeconds,
    budget,
    requestId,
  });
}

/** Something else answers, or a controller of another version. */
export const strangerAt = (url: string, status: number, retryAfterSeconds?: number): BerthFailure =>
  new BerthFailure(`What answers at ${url} with ${status} is not a Berth controller of this version.`, {
    code: "internal",
    causedBy: "infra",
    remedy: "Check the URL, and what stands between here and the controller.",
    retryable: passing.has(status),
    status,
    retryAfterSeconds,
  });

/** A failure that an event stream or a rollout's record tells. @throws ZodError when it tells none */
export function failureOf(report: unknown): BerthFailure {
  const { message, cause, ...facts } = body.shape.error.parse(report);
  return new BerthFailure(message, { ...facts, causedBy: cause });
}
