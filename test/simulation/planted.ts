import { altered } from "../support/memory-controller.ts";
import type { Rule } from "./rules.ts";
import type { Changes } from "./world.ts";

/** A mistake put into a part that is in order, to show that it is found. */
export interface Planted {
  readonly name: string;
  /** The rules by which it may be found. */
  readonly rules: readonly Rule[];
  /** Made anew for each world. */
  readonly changes: () => Changes;
}

/** True each time that it was asked `count` times. */
function everyTime(count: number): () => boolean {
  let asked = 0;
  return () => ++asked % count === 0;
}

export const planted: readonly Planted[] = [
  {
    name: "a store that loses one reservation in seven",
    rules: ["once", "recorded"],
    changes: () => {
      const loses = everyTime(7);
      return {
        store: (store) =>
          altered(store, () => ({
            reserveCall: async (rollout, call) =>
              loses() ? { kind: "new", seq: 0 } : store.reserveCall(rollout, call),
          })),
      };
    },
  },
  {
    name: "results that are told before they are written",
    rules: ["recorded"],
    changes: () => ({
      store: (store) =>
        altered(store, () => ({
          finishCall: async (...given) => void store.finishCall(...given).catch(() => undefined),
        })),
    }),
  },
  {
    name: "a launcher that forgets one intent in ten",
    rules: ["intended"],
    changes: () => {
      const forgets = everyTime(10);
      return {
        store: (store) =>
          altered(store, () => ({
            recordIntent: async (intent) => (forgets() ? undefined : store.recordIntent(intent)),
          })),
      };
    },
  },
  {
    name: "a provider that says of one sandbox in eight that it is gone",
    rules: ["left"],
    changes: () => {
      const lies = everyTime(8);
      return {
        provider: (provider) =>
          altered(provider, () => ({ destroy: async (handle) => (lies() ? undefined : provider.destroy(handle)) })),
      };
    },
  },
  {
    name: "a store that writes no end",
    rules: ["ends"],
    changes: () => ({
      store: (store) =>
        altered(store, () => ({
          updateRollout: async (id, patch) => (patch.ended_at ? true : store.updateRollout(id, patch)),
        })),
    }),
  },
  {
    name: "a list of everybody's sandboxes",
    rules: ["owned"],
    changes: () => ({
      provider: (provider) =>
        altered(provider, () => ({
          list: async () => [...(await provider.list("ours")), ...(await provider.list("theirs"))],
        })),
    }),
  },
  {
    name: "a store that never answers one result in six",
    rules: ["answered", "recovers"],
    changes: () => {
      const hangs = everyTime(6);
      const never = <T>() => new Promise<T>(() => {});
      return {
        store: (store) =>
          altered(store, () => ({ finishCall: (...given) => (hangs() ? never() : store.finishCall(...given)) })),
      };
    },
  },
];
