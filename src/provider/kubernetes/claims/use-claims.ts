import type { V1Pod } from "@kubernetes/client-node";
import type { SandboxHandle, SandboxSpec } from "../../provider.ts";
import type { Backing } from "../backing.ts";
import type { ClaimedPods } from "./claimed-pods.ts";

/** Snapshots are built in pods that are made for it: nobody wants the same a second time. */
const isBuild = ({ labels }: SandboxSpec): boolean => labels.purpose.startsWith("build:");

/** Sandboxes by claims, builds in pods of their own; and what was there before claims were used is found, too. */
export function withClaims(own: Backing, claimed: ClaimedPods): Backing {
  return {
    start: (spec, handle) => (isBuild(spec) ? own : claimed).start(spec, handle),

    async podOf(handle: SandboxHandle, signal): Promise<V1Pod | undefined> {
      if (claimed.has(handle)) return await claimed.podOf(handle, signal);
      return (await own.podOf(handle, signal)) ?? (await claimed.podOf(handle, signal));
    },

    async remove(handle) {
      const isClaimed = claimed.has(handle);
      await claimed.remove(handle);
      if (!isClaimed) await own.remove(handle);
    },

    list: async (owner) => [...(await own.list(owner)), ...(await claimed.list(owner))],
  };
}
