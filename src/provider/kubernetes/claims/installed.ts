import { BerthError } from "../../../core/errors.ts";
import type { ApiServer } from "../api-server.ts";
import { deadlines } from "../deadlines.ts";
import { refusalStatus, refusedAs } from "../refusal.ts";
import { apiVersion, extensionsPath } from "./resources.ts";

const needed = ["sandboxclaims", "sandboxtemplates", "sandboxwarmpools"];

/** The resources of agent-sandbox that the API server does not have. @throws ApiRefusal, BerthError `provider_unavailable` */
export async function missingResources(api: ApiServer): Promise<string[]> {
  try {
    const { resources = [] } = await api.ask<{ resources?: readonly { readonly name: string }[] }>({
      what: `read ${extensionsPath}`,
      method: "GET",
      path: extensionsPath,
      deadlineMs: deadlines.ask,
    });
    const there = new Set(resources.map(({ name }) => name));
    return needed.filter((name) => !there.has(name));
  } catch (thrown) {
    if (refusalStatus(thrown) === 404) return needed;
    throw thrown;
  }
}

export const howToInstall = `Install agent-sandbox with its extensions, which serve ${apiVersion}, or set kubernetes_claims to false.`;

/** @throws BerthError `provider_unavailable` when claims cannot be made here */
export async function assertInstalled(api: ApiServer): Promise<void> {
  const missing = await missingResources(api).catch((thrown: unknown) => {
    throw refusedAs("provider_unavailable", thrown);
  });
  if (missing.length > 0)
    throw new BerthError("provider_unavailable", `The cluster has no ${missing.join(", ")} of ${apiVersion}.`, {
      remedy: howToInstall,
    });
}
