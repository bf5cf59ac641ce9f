import { chatCompletions } from "../../agent/model/chat-completions.ts";
import type { AgentModel } from "../../agent/model/agent-model.ts";
import { responses } from "../../agent/model/responses.ts";
import { priceTable, type Price } from "../../agent/prices.ts";
import { BerthError } from "../../core/errors.ts";
import { readYamlFile } from "../yaml-file.ts";

export interface ModelOptions {
  readonly model: string;
  readonly api: "chat" | "responses";
  readonly baseUrl?: string;
  readonly modelOptions: Readonly<Record<string, unknown>>;
  readonly modelSeconds: number;
  readonly modelRetries: number;
}

/** The endpoint that the options or OPENAI_BASE_URL name, with the key of OPENAI_API_KEY. @throws BerthError `invalid_config` */
export function modelOf(options: ModelOptions, env: NodeJS.ProcessEnv): AgentModel {
  const baseUrl = options.baseUrl ?? (env["OPENAI_BASE_URL"] || "https://api.openai.com/v1");
  if (!URL.canParse(baseUrl) || !/^https?:/.test(baseUrl))
    throw new BerthError(
      "invalid_config",
      `The model's endpoint must be an http or https URL. It is ${JSON.stringify(baseUrl)}.`,
      {
        remedy: "Name it with --base-url or OPENAI_BASE_URL, its version included.",
      },
    );
  const make = options.api === "chat" ? chatCompletions : responses;
  return make({
    baseUrl,
    apiKey: env["OPENAI_API_KEY"] || undefined,
    model: options.model,
    body: options.modelOptions,
    deadlineMs: options.modelSeconds * 1000,
    retries: options.modelRetries,
  });
}

/** Undefined without a table. @throws BerthError `invalid_config` when the table does not name the model */
export function priceOf(file: string | undefined, model: string): Price | undefined {
  if (file === undefined) return undefined;
  const price = readYamlFile(file, priceTable)[model];
  if (price !== undefined) return price;
  throw new BerthError("invalid_config", `${file} has no price of ${model}.`, {
    remedy: "Add it: a line `NAME: { input: DOLLARS, output: DOLLARS }`, for a million tokens.",
  });
}
