import OpenAI from "openai";
import { cappedFetch } from "./capped-fetch.ts";

export interface OpenAiClientOptions {
  /** With its version: `https://…/v1`. */
  readonly baseUrl: string;
  /** Empty or undefined: none is sent. */
  readonly apiKey: string | undefined;
  /** Times that a request is sent again after 408, 409, 429, 5xx or a cut connection; Retry-After is heeded. */
  readonly retries: number;
  /** Milliseconds for each time that a request is sent. */
  readonly deadlineMs: number;
  /** A longer reply fails. */
  readonly mostReplyBytes: number;
}

/** A client of any endpoint that speaks OpenAI's API, which takes nothing from the environment, writes nothing to the console and follows no redirect. */
export function openAiClient({ baseUrl, apiKey, retries, deadlineMs, mostReplyBytes }: OpenAiClientOptions): OpenAI {
  return new OpenAI({
    baseURL: baseUrl,
    apiKey: apiKey || "none",
    // The client would take these from variables that are not Berth's.
    organization: null,
    project: null,
    webhookSecret: null,
    logLevel: "off",
    maxRetries: retries,
    timeout: deadlineMs,
    fetch: cappedFetch(mostReplyBytes),
    ...(!apiKey && { defaultHeaders: { Authorization: null } }),
  });
}
