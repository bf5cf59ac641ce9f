import { readFile } from "node:fs/promises";
import { z } from "zod";
import { BerthError } from "../../../core/errors.ts";

const dockerConfig = z.object({
  auths: z
    .record(
      z.string(),
      z.object({
        auth: z.string().optional(),
        username: z.string().optional(),
        password: z.string().optional(),
        identitytoken: z.string().optional(),
      }),
    )
    .default({}),
});

export type Credential =
  /** base64 of `user:password`, as the header has it. */
  { readonly kind: "basic"; readonly encoded: string } | { readonly kind: "identity"; readonly token: string };

const DOCKER_HUB_KEY = "https://index.docker.io/v1/";
const MAX_FILE_BYTES = 1024 * 1024;

/**
 * What a docker `config.json` holds for a registry. The file is read each time: whoever rotates credentials replaces it.
 * Helpers that it names (`credHelpers`) are programs and are not run.
 * @throws BerthError `invalid_config` when the file cannot be read
 */
export async function credentialOf(file: string, registry: string): Promise<Credential | undefined> {
  if (file === "") return undefined;
  const { auths } = await read(file);
  const keys = registry === "docker.io" ? [DOCKER_HUB_KEY, "docker.io", "index.docker.io"] : [registry];
  const found = keys.flatMap((key) => auths[key] ?? auths[`https://${key}`] ?? auths[`https://${key}/v2/`] ?? [])[0];
  if (found === undefined) return undefined;
  if (found.identitytoken) return { kind: "identity", token: found.identitytoken };
  if (found.auth) return { kind: "basic", encoded: found.auth };
  if (found.username === undefined || found.password === undefined) return undefined;
  return { kind: "basic", encoded: Buffer.from(`${found.username}:${found.password}`).toString("base64") };
}

async function read(file: string): Promise<z.infer<typeof dockerConfig>> {
  try {
    const text = await readFile(file, "utf8");
    if (text.length > MAX_FILE_BYTES) throw new Error(`it is longer than ${MAX_FILE_BYTES} bytes`);
    return dockerConfig.parse(JSON.parse(text));
  } catch (cause) {
    // What stands in it does not belong into a message.
    const why =
      cause instanceof SyntaxError || cause instanceof z.ZodError ? "it is no docker config.json" : String(cause);
    throw new BerthError("invalid_config", `The credentials for registries in ${file} cannot be read: ${why}.`);
  }
}
