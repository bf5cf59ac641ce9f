import { createHash } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import { crashPoint } from "../../core/crash-point.ts";
import { withDeadline } from "../../core/deadline.ts";
import { toBerthError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { Measures } from "../../core/measures.ts";
import type { Admission } from "../admission/admission.ts";
import type { LaunchRequest, SandboxLauncher } from "../launcher.ts";
import type { Sandbox } from "../sandbox.ts";
import { Demand } from "./demand.ts";
import { shares } from "./shares.ts";

/** A sandbox of the pool that nobody took for so long is replaced, so that its expiry is never near. */
const SHELF_LIFE_MS = 15 * 60_000;
const LOOK_AGAIN_MS = 5_000;
/** What a rollout does first with a sandbox that it took comes before the start of the next. */
const REFILL_AFTER_MS = 250;
const ANSWER_DEADLINE_MS = 1_000;
const PATIENCE_MS = 600_000;
const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 120_000;

/** What a rollout asks the pool for: all that its sandbox must have been started with. */
export type PooledRequest = Omit<LaunchRequest, "signal"> & {
  /** The environment's name, for the figures. */
  readonly environment: string;
  /** How many its environment wants ready, whatever was asked for lately. */
  readonly min: number;
  /** Holds what it starts from until the disposal. */
  readonly hold: () => Disposable;
};

export interface PoolOptions {
  readonly launcher: SandboxLauncher;
  readonly admission: Admission;
  readonly clock: Clock;
  readonly measures: Measures;
  readonly log: Logger;
  /** Sandboxes that wait, of all kinds together; 0 keeps none. */
  readonly limit: number;
}

interface Member {
  readonly sandbox: Sandbox;
  readonly startedAt: number;
  /** What is left of its life when its time on the shelf is over, at least. */
  readonly lifetimeMs: number;
}

/** The sandboxes of one kind: same base, profile, resources and workspace. */
interface Shelf {
  readonly key: string;
  request: PooledRequest;
  readonly held: Disposable;
  readonly demand: Demand;
  lastAskedAt: number;
  /** Oldest first. */
  readonly ready: Member[];
  readonly starting: Set<Promise<void>>;
  failures: number;
  notBefore: number;
}

/**
 * Sandboxes that were started before anyone asked, each for one rollout. How many: as many as were lately asked for at once. They start when no rollout waits
 * for its own, and nobody ever waits for one of them: a pool that has none says so.
 */
export class Pool {
  readonly #options: PoolOptions;
  readonly #shelves = new Map<string, Shelf>();
  readonly #closing = new AbortController();
  readonly #busy = new Set<Promise<unknown>>();
  #fillsSoon = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    if (options.limit > 0) void this.#track(this.#watch());
  }

  /** A sandbox that answers, to be assigned to the rollout by whoever takes it; undefined when there is none. */
  async take(request: PooledRequest): Promise<Sandbox | undefined> {
    const { clock, measures } = this.#options;
    if (!this.keeps) return undefined;
    const shelf = this.#shelfOf(request);
    const now = clock.monotonic();
    shelf.demand.note(now);
    shelf.lastAskedAt = now;
    try {
      for (let member = this.#next(shelf); member; member = this.#next(shelf)) {
        const { sandbox, lifetimeMs } = member;
        // Rollouts of one kind may have different budgets.
        if (lifetimeMs >= request.lifetimeMs && (await answers(sandbox, clock))) {
          crashPoint("pool.taken");
          measures.poolHit(request.environment);
          return sandbox;
        }
        void this.#dispose(sandbox);
      }
      measures.poolMiss(request.environment);
      return undefined;
    } finally {
      this.#fillSoon();
    }
  }

  /** Whether it keeps any at all. */
  get keeps(): boolean {
    return this.#options.limit > 0 && !this.#closing.signal.aborted;
  }

  /** Has as many ready as the request says, from now on, and of its environment as it was before none without demand. */
  keep(request: PooledRequest): void {
    if (!this.keeps) return;
    this.#unpromise(request.environment);
    this.#shelfOf(request);
    this.#fill();
  }

  /** Keeps of an environment only what demand calls for. */
  release(environment: string): void {
    this.#unpromise(environment);
    this.#fill();
  }

  #unpromise(environment: string): void {
    for (const shelf of this.#shelves.values())
      if (shelf.request.environment === environment) shelf.request = { ...shelf.request, min: 0 };
  }

  /** Gives up all sandboxes of a snapshot, which is about to go. Resolves when none of them is left. */
  async drop(snapshot: string): Promise<void> {
    const gone = [...this.#shelves.values()].filter(
      ({ request: { base } }) => base.kind === "snapshot" && base.key === snapshot,
    );
    await Promise.all(gone.map((shelf) => this.#retire(shelf)));
  }

  /** Starts none any more, and resolves when none is left. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#shelves.values()].map((shelf) => this.#retire(shelf)));
    while (this.#busy.size > 0) await Promise.allSettled(this.#busy);
  }

  #shelfOf(request: PooledRequest): Shelf {
    const key = kindOf(request);
    let shelf = this.#shelves.get(key);
    if (!shelf) {
      const fresh = { lastAskedAt: 0, ready: [], starting: new Set<Promise<void>>(), failures: 0, notBefore: 0 };
      shelf = { key, request, held: request.hold(), demand: new Demand(), ...fresh };
      this.#shelves.set(key, shelf);
    }
    shelf.request = request;
    return shelf;
  }

  #next(shelf: Shelf): Member | undefined {
    const member = shelf.ready.shift();
    if (member) this.#tell(shelf);
    return member;
  }

  #tell({ request, ready }: Shelf): void {
    this.#options.measures.poolReady(request.environment, ready.length);
  }

  #fillSoon(): void {
    if (this.#fillsSoon || !this.keeps) return;
    this.#fillsSoon = true;
    const { clock } = this.#options;
    const wait = clock.sleep(REFILL_AFTER_MS, this.#closing.signal).catch(() => undefined);
    void this.#track(
      wait.then(() => {
        this.#fillsSoon = false;
        this.#fill();
      }),
    );
  }

  /** Starts what is missing and gives up what is too much or too old. */
  #fill(): void {
    const { clock, limit } = this.#options;
    if (this.#closing.signal.aborted) return;
    const now = clock.monotonic();
    const wishes = [...this.#shelves.values()].map(({ key, request, demand, lastAskedAt }) => ({
      key,
      min: request.min,
      wanted: Math.max(request.min, demand.peak(now)),
      lastAskedAt,
    }));
    const given = shares(wishes, limit);
    for (const [key, shelf] of this.#shelves) {
      const target = given.get(key) ?? 0;
      while (shelf.ready[0] && (shelf.ready.length > target || now - shelf.ready[0].startedAt > SHELF_LIFE_MS)) {
        const member = this.#next(shelf);
        if (member) void this.#dispose(member.sandbox);
      }
      if (target === 0 && now - shelf.lastAskedAt > SHELF_LIFE_MS) void this.#retire(shelf);
      if (now < shelf.notBefore) continue;
      while (shelf.ready.length + shelf.starting.size < target) this.#start(shelf);
    }
  }

  #start(shelf: Shelf): void {
    const start: Promise<void> = this.#startOne(shelf).finally(() => shelf.starting.delete(start));
    shelf.starting.add(start);
    void this.#track(start);
  }

  async #startOne(shelf: Shelf): Promise<void> {
    const { launcher, admission, clock, log } = this.#options;
    const { signal } = this.#closing;
    const { request } = shelf;
    const { environment, lifetimeMs } = request;
    try {
      const sandbox = await admission.run(
        { key: "", group: environment, background: true },
        () =>
          launcher.launch({
            ...request,
            purpose: `pool:${shelf.key}`,
            lifetimeMs: lifetimeMs + 2 * SHELF_LIFE_MS,
            signal,
          }),
        { patienceMs: PATIENCE_MS, signal },
      );
      crashPoint("pool.started");
      shelf.failures = 0;
      if (signal.aborted || this.#shelves.get(shelf.key) !== shelf) return await this.#dispose(sandbox);
      shelf.ready.push({ sandbox, startedAt: clock.monotonic(), lifetimeMs });
      this.#tell(shelf);
    } catch (error) {
      if (signal.aborted) return;
      const backoffMs = Math.min(FIRST_BACKOFF_MS * 2 ** shelf.failures++, LONGEST_BACKOFF_MS);
      shelf.notBefore = clock.monotonic() + backoffMs;
      log.warn({ environment, err: toBerthError(error), backoffMs }, "a sandbox for the pool did not start");
    }
  }

  /** Demand grows old, and so do sandboxes. */
  async #watch(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.#options.clock.sleep(LOOK_AGAIN_MS, signal).catch(() => undefined);
      this.#fill();
    }
  }

  /** What is starting is given up once it has started. */
  async #retire(shelf: Shelf): Promise<void> {
    if (!this.#shelves.delete(shelf.key)) return;
    const members = shelf.ready.splice(0);
    this.#tell(shelf);
    await Promise.all([...members.map(({ sandbox }) => this.#dispose(sandbox)), ...shelf.starting]);
    shelf.held[Symbol.dispose]();
  }

  /** What cannot be removed now is in the log and in the store; the next start finds it. */
  #dispose(sandbox: Sandbox): Promise<void> {
    return this.#track(Promise.resolve(sandbox[Symbol.asyncDispose]()).catch(() => undefined));
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#busy.add(work);
    const forget = () => void this.#busy.delete(work);
    work.then(forget, forget);
    return work;
  }
}

const answers = (sandbox: Sandbox, clock: Clock): Promise<boolean> =>
  withDeadline("a sandbox of the pool", ANSWER_DEADLINE_MS, (signal) => sandbox.guest.health({ signal }), {
    clock,
  }).then(
    () => true,
    () => false,
  );

function kindOf({ base, profile, resources, workdir }: PooledRequest): string {
  const text = JSON.stringify([base, profile, resources, workdir]);
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
