import { BerthError } from "../../src/core/errors.ts";
import type { Leases } from "../../src/store/leases.ts";
import type { Store } from "../../src/store/store.ts";
import type { DeferredFences } from "./deferred-fences.ts";
import type { Life } from "./life.ts";
import type { World } from "./world.ts";

const reads: ReadonlySet<string> = new Set([
  "environment",
  "environments",
  "rollout",
  "rolloutEnvironment",
  "rollouts",
  "snapshotsOf",
  "trajectory",
  "egress",
  "changeSet",
  "answer",
  "regradings",
  "intents",
] satisfies (keyof Store)[]);

const readsOfLeases: ReadonlySet<string> = new Set(["live", "holder", "free"] satisfies (keyof Leases)[]);

interface Waiting {
  readonly what: string;
  readonly work: () => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

const failed = () => new BerthError("storage_failed", "The store failed: disk I/O error");

/**
 * The durable store as one controller's life reaches it. Writes are committed in the order in which they were asked for, those that
 * wait together at once: all of them or, when the process dies before, none.
 */
export function simulatedStore(durable: Store, fences: DeferredFences, life: Life, world: World): Store {
  const { clock, faults, random, ledger } = world;
  const own = life.clock(clock);
  let waiting: Waiting[] = [];
  let committing = false;

  const schedule = () => {
    if (committing || waiting.length === 0) return;
    committing = true;
    const takesMs = faults.happens("store_slow") ? random.aroundMs(4_000) : random.aroundMs(4);
    own.alarm(takesMs, () => void commit());
  };

  const commit = async () => {
    const together = waiting;
    waiting = [];
    const names = together.map(({ what }) => what).join(", ");
    if (!life.step(`commits ${names}`)) return;
    const lost = faults.happens("store_commit_fails");
    const settle: (() => void)[] = [];
    for (const { work, resolve, reject } of together) {
      const [outcome] = await Promise.allSettled([lost ? Promise.reject(failed()) : work()]);
      const value = outcome.status === "fulfilled" ? outcome.value : undefined;
      settle.push(() => (outcome.status === "fulfilled" ? resolve(value) : reject(outcome.reason)));
    }
    const silent = !lost && faults.happens("store_reply_lost");
    fences.settle({ heard: !silent });
    if (!life.step(`committed ${names}`)) return;
    committing = false;
    schedule();
    if (silent) for (const { reject } of together) reject(failed());
    else for (const tell of settle) tell();
  };

  const write = (what: string, work: () => Promise<unknown>): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (!life.alive) return;
      waiting.push({ what, work, resolve, reject });
      schedule();
    });

  const read = (what: string, work: () => Promise<unknown>): Promise<unknown> =>
    life.cross(`reads ${what}`, async () => {
      if (faults.happens("store_read_fails")) throw failed();
      return work();
    });

  const reached = <T extends object>(target: T, readNames: ReadonlySet<string>, others: Partial<T>): T =>
    new Proxy(target, {
      get(_, name: string): unknown {
        const other: unknown = Reflect.get(others, name);
        if (other !== undefined) return other;
        const method = Reflect.get(target, name) as (...given: unknown[]) => Promise<unknown>;
        if (readNames.has(name)) return (...given: unknown[]) => read(name, () => method.apply(target, given));
        return (...given: unknown[]) =>
          write(name, async () => {
            const result = await method.apply(target, given);
            ledger.written(name, given, result);
            return result;
          });
      },
    });
  const leases = reached(durable.leases, readsOfLeases, {});
  const audit = reached(durable.audit, new Set(["list"]), {});
  return reached(durable, reads, { leases, audit, close: async () => {} });
}
