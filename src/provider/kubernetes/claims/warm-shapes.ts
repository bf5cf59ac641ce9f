import type { Clock } from "../../../core/clock.ts";
import type { Logger } from "../../../core/log.ts";
import type { ApiObject, Collection } from "../collection.ts";
import { ownerSelector } from "../names.ts";
import { refusalStatus } from "../refusal.ts";
import type { Watch } from "../watch.ts";
import type { Resources, SandboxClaim } from "./resources.ts";
import type { Shape } from "./shape.ts";

/** What nobody claimed for so long is cold. */
export const coldAfterMs = 15 * 60_000;
/** Much shorter: whoever counts on a shape has made sure of it since nobody could have taken it for cold. */
const madeForMs = 60_000;
const sweepEveryMs = 60_000;

interface Parts {
  readonly resources: Pick<Resources, "templates" | "warmPools">;
  readonly claimsOf: (owner: string) => Watch<SandboxClaim>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The templates and warm pools of an installation: made when they are first asked for, gone when they are cold, whoever made them. */
export class WarmShapes {
  readonly #parts: Parts;
  readonly #made = new Map<string, { readonly at: number; readonly making: Promise<void> }>();
  readonly #usedAt = new Map<string, number>();
  readonly #owners = new Set<string>();
  readonly #closed = new AbortController();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Resolves when the shape is there. @throws ApiRefusal, BerthError `provider_unavailable` */
  async ensure({ name, template, warmPool }: Shape): Promise<void> {
    const { resources, clock } = this.#parts;
    const now = clock.monotonic();
    this.#usedAt.set(name, now);
    let made = this.#made.get(name);
    if (made === undefined || now - made.at > madeForMs) {
      const make = async () => {
        await createOnce(resources.templates, template);
        await createOnce(resources.warmPools, warmPool);
      };
      made = { at: now, making: make() };
      this.#made.set(name, made);
      made.making.catch(() => this.forget(name));
    }
    await made.making;
  }

  /** It is not there after all: the next who asks makes it anew. */
  forget(name: string): void {
    this.#made.delete(name);
  }

  /** Sweeps what the owner has, from now on every minute. */
  care(owner: string): void {
    if (this.#owners.has(owner)) return;
    this.#owners.add(owner);
    void this.#sweepOn(owner);
  }

  /**
   * Removes what of the owner's nobody claimed for 15 minutes, of which this process has seen all. Gives the names.
   * @throws ApiRefusal, BerthError `provider_unavailable`
   */
  async sweep(owner: string): Promise<string[]> {
    const { resources, claimsOf, clock } = this.#parts;
    const claims = claimsOf(owner);
    await claims.synced(this.#closed.signal);
    const selector = ownerSelector(owner);
    const { items: warmPools } = await resources.warmPools.list(selector, this.#closed.signal);
    const { items: templates } = await resources.templates.list(selector, this.#closed.signal);
    const uids = (objects: readonly ApiObject[]) =>
      new Map(objects.map(({ metadata }) => [metadata?.name ?? "", metadata?.uid] as const));
    const found = { warmPools: uids(warmPools), templates: uids(templates) };
    const claimed = new Set(claims.all().map(({ spec }) => spec.warmPoolRef.name));
    const now = clock.monotonic();
    const removed: string[] = [];
    for (const name of new Set([...found.warmPools.keys(), ...found.templates.keys()])) {
      const usedAt = claimed.has(name) ? now : (this.#usedAt.get(name) ?? now);
      this.#usedAt.set(name, usedAt);
      if (now - usedAt <= coldAfterMs) continue;
      this.forget(name);
      if (found.warmPools.has(name)) await resources.warmPools.remove(name, found.warmPools.get(name));
      if (found.templates.has(name)) await resources.templates.remove(name, found.templates.get(name));
      this.#usedAt.delete(name);
      removed.push(name);
    }
    return removed;
  }

  close(): void {
    this.#closed.abort();
  }

  async #sweepOn(owner: string): Promise<void> {
    const { clock, log } = this.#parts;
    const { signal } = this.#closed;
    while (!signal.aborted) {
      try {
        await clock.sleep(sweepEveryMs, signal);
        const removed = await this.sweep(owner);
        if (removed.length > 0) log.info({ removed }, "warm pools that nobody claimed from are removed");
      } catch (thrown) {
        if (!signal.aborted) log.warn({ err: thrown }, "warm pools could not be swept");
      }
    }
  }
}

/** Another controller makes the same. */
async function createOnce<T extends ApiObject>(collection: Collection<T>, object: T): Promise<void> {
  await collection.create(object).catch((thrown: unknown) => {
    if (refusalStatus(thrown) !== 409) throw thrown;
  });
}
