import type { V1ObjectMeta } from "@kubernetes/client-node";
import { BEGINNING_MS, type Residue } from "../residue.ts";
import { claimName } from "./claims/claim.ts";
import { expiresAnnotation, label } from "./names.ts";
import type { Pods } from "./pods.ts";
import { refusedAs } from "./refusal.ts";

/** What to remove so that the pod goes and does not come again. Of a pod that was claimed it is the claim. */
function heldBy(metadata: V1ObjectMeta | undefined): string {
  const id = metadata?.annotations?.[label.sandbox];
  return id === undefined ? `pod ${metadata?.name}` : `sandboxclaim ${claimName(id)}`;
}

/**
 * Pods of other installations that are past their expiry: whoever started them has not removed them, and may be no more. Nothing else is left of a sandbox whose pod is
 * gone: the policies are the namespace's, and no secret is kept. Looks only. @throws BerthError `provider_unavailable`
 */
export async function kubernetesResidue(pods: Pods, owner: string, nowMs: number): Promise<Residue[]> {
  const found = await pods.list(label.sandbox).catch((thrown: unknown) => {
    throw refusedAs("provider_unavailable", thrown);
  });
  return found.items.flatMap(({ metadata }): Residue[] => {
    const name = metadata?.name ?? "";
    const theirs = metadata?.annotations?.[label.owner] ?? null;
    const expiresMs = Number(metadata?.annotations?.[expiresAnnotation]);
    if (theirs === owner || !(expiresMs > 0 && expiresMs + BEGINNING_MS < nowMs)) return [];
    return [
      {
        kind: "pod",
        id: name,
        owner: theirs,
        sinceMs: metadata?.creationTimestamp === undefined ? null : new Date(metadata.creationTimestamp).getTime(),
        why: `a sandbox of another installation, past its expiry of ${new Date(expiresMs).toISOString()}`,
        remedy: `kubectl delete ${heldBy(metadata)} --namespace ${metadata?.namespace ?? ""}`,
        harmless: false,
      },
    ];
  });
}
