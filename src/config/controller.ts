import { BerthError } from "../core/errors.ts";
import { processEnvironment } from "./process-environment.ts";

/** Where a command finds a running controller, and the key that opens it. */
export interface ControllerAddress {
  /** Without a slash at the end. */
  readonly url: string;
  readonly apiKey: string | undefined;
}

/** `--url`, else BERTH_URL, else the default address; the key from BERTH_API_KEY. @throws BerthError `invalid_config` */
export function controllerAddress(
  input: { url?: string | undefined; env?: NodeJS.ProcessEnv } = {},
): ControllerAddress {
  const env = input.env ?? processEnvironment();
  const given = input.url ?? env["BERTH_URL"];
  const url = given || "http://127.0.0.1:7420";
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol)) {
    const source = input.url === undefined ? "BERTH_URL" : "--url";
    throw new BerthError(
      "invalid_config",
      `url (from ${source}): must be an http or https URL. It is ${JSON.stringify(url)}.`,
    );
  }
  return { url: url.replace(/\/+$/, ""), apiKey: env["BERTH_API_KEY"] || undefined };
}
