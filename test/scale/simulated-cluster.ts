import { systemClock } from "../../src/core/clock.ts";
import { createMemoryProvider } from "../../src/provider/memory/memory-provider.ts";
import { noImageCopies, type Provider, type SandboxHandle, type SnapshotStore } from "../../src/provider/provider.ts";
import type { Farm } from "./farm.ts";
import type { ClusterConstants } from "./measured.ts";
import { drawTimes } from "./spread.ts";
import { WriteBudget } from "./write-budget.ts";

export interface ClusterOptions {
  readonly farm: Farm;
  readonly constants: ClusterConstants;
  /** Of the controller to the API server: `kubernetes_requests_per_second`. */
  readonly writesPerSecond: number;
}

/** A cluster as a controller sees it: each pod costs writes, which are rationed, and the times that a real one took. */
export function simulatedCluster({
  farm,
  constants,
  writesPerSecond,
}: ClusterOptions): Provider & { writes(): number } {
  const budget = new WriteBudget(writesPerSecond);
  const startMs = drawTimes(constants.podStart);
  const goneMs = drawTimes(constants.podGone);
  const later = (ms: number, signal?: AbortSignal) => systemClock.sleep(ms, signal);
  const snapshots: SnapshotStore = {
    resolveImage: (name) => farm.ask("snapshots", "resolveImage", name),
    has: (key) => farm.ask("snapshots", "has", key),
    commit: (handle, key) => farm.ask("snapshots", "commit", handle, key),
    list: () => farm.ask("snapshots", "list"),
    remove: (key) => farm.ask("snapshots", "remove", key),
  };
  return {
    name: "simulated",
    place: "the simulated cluster",
    capabilities: createMemoryProvider().capabilities,
    imageCopies: noImageCopies,
    snapshots,
    writes: () => budget.spent,
    async create(spec, { signal } = {}) {
      await budget.spend(signal);
      await later(startMs(), signal);
      return farm.ask<SandboxHandle>("provider", "create", spec);
    },
    connect: (handle) => farm.dial(handle),
    inspect: (handle) => farm.ask("provider", "inspect", handle),
    observe: (handle) => farm.ask("provider", "observe", handle),
    async destroy(handle) {
      await budget.spend();
      await farm.ask("provider", "destroy", handle);
      await later(goneMs());
    },
    list: (owner) => farm.ask("provider", "list", owner),
    residue: async () => [],
    close: async () => farm.close(),
  };
}
