import { BerthError } from "../core/errors.ts";

/** Where a hosted trainer takes jobs, and the key that opens it. */
export interface TrainingAddress {
  /** With its version: `https://api.openai.com/v1`. On Azure without `apiVersion`: `https://NAME.openai.azure.com/openai/v1`. */
  readonly baseUrl: string;
  readonly apiKey: string;
  /** Of Azure's older endpoints, which have it in each URL. */
  readonly apiVersion: string | undefined;
}

const OPENAI = "https://api.openai.com/v1";

/**
 * `--service`, else OPENAI_BASE_URL with OPENAI_API_KEY, else AZURE_OPENAI_ENDPOINT with AZURE_OPENAI_API_KEY and, for endpoints that want one,
 * OPENAI_API_VERSION; else OpenAI.
 * @throws BerthError `invalid_config`
 */
export function trainingAddress(input: { url?: string | undefined; env: NodeJS.ProcessEnv }): TrainingAddress {
  const { url, env } = input;
  const azure = env["AZURE_OPENAI_ENDPOINT"];
  const onAzure = url === undefined && !env["OPENAI_BASE_URL"] && Boolean(azure);
  const apiVersion = onAzure ? env["OPENAI_API_VERSION"] || undefined : undefined;
  const name = onAzure ? "AZURE_OPENAI_API_KEY" : "OPENAI_API_KEY";
  const apiKey = env[name] || env["OPENAI_API_KEY"] || env["AZURE_OPENAI_API_KEY"];
  if (!apiKey) throw new BerthError("invalid_config", `${name}: it is not set, so no trainer would take a job.`);
  const baseUrl = onAzure ? azureBase(azure ?? "", apiVersion) : url || env["OPENAI_BASE_URL"] || OPENAI;
  if (!URL.canParse(baseUrl) || !/^https?:$/.test(new URL(baseUrl).protocol))
    throw new BerthError(
      "invalid_config",
      `The trainer's address ${JSON.stringify(baseUrl)} is not an http or https URL.`,
    );
  return { baseUrl: baseUrl.replace(/\/+$/, ""), apiKey, apiVersion };
}

const azureBase = (endpoint: string, apiVersion: string | undefined): string =>
  `${endpoint.replace(/\/+$/, "")}/openai${apiVersion === undefined ? "/v1" : ""}`;
