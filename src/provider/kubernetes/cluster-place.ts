import type { V1Namespace } from "@kubernetes/client-node";
import type { ApiServer } from "./api-server.ts";
import { deadlines } from "./deadlines.ts";
import { refusalStatus, refusedAs } from "./refusal.ts";

/**
 * The namespace's name and uid: the same for all controllers of it, another in every other cluster. Its name alone for who may not look at it.
 * @throws BerthError `provider_unavailable`
 */
export async function clusterPlace(api: ApiServer, namespace: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}`;
  try {
    const found = await api.ask<V1Namespace>({
      what: `namespace ${namespace}`,
      method: "GET",
      path,
      deadlineMs: deadlines.ask,
    });
    return `namespace ${namespace} (${found.metadata?.uid})`;
  } catch (thrown) {
    if (refusalStatus(thrown) === 403) return `namespace ${namespace}`;
    throw refusedAs("provider_unavailable", thrown);
  }
}
