import type { Clock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import type { Logger } from "../core/log.ts";
import type { LeaseHolder, Leases } from "../store/leases.ts";

/** After it others take over what a process held that says nothing any more. */
export const LEASE_MS = 15_000;
const RENEW_MS = 5_000;
const RENEW_DEADLINE_MS = 4_000;
const TRY_AGAIN_MS = 500;
const FOR_EVER_MS = 100 * 365 * 86_400_000;
/** This process believes that its lease ends so long before it does. */
const MARGIN_MS = 3_000;

export interface MembershipOptions {
  readonly leases: Leases;
  readonly clock: Clock;
  readonly log: Logger;
  readonly id: string;
  readonly role: LeaseHolder["role"];
  /** Whether something else sees to it that no other controller can be: then the lease does not end before the process. */
  readonly exclusive: boolean;
}

/**
 * One process's lease. Whether it still holds is known here without asking: by this process's own clock, reckoned from before each renewal
 * was asked for, so that a process that was paused knows the moment it goes on.
 */
export class Membership {
  readonly id: string;
  readonly #options: MembershipOptions;
  readonly #leaving = new AbortController();
  #url: string | null = null;
  /** On the monotonic clock. */
  #holdsUntil = -Infinity;
  #joined: Promise<void> | undefined;
  #renewals: Promise<void> | undefined;
  #lapse: Disposable | undefined;
  #onLapse: () => void = () => {};

  constructor(options: MembershipOptions) {
    this.id = options.id;
    this.#options = options;
  }

  get exclusive(): boolean {
    return this.#options.exclusive;
  }

  /** Whether the lease holds now. */
  get holds(): boolean {
    return this.#options.clock.monotonic() < this.#holdsUntil;
  }

  /** Begins the lease, which is renewed from then on; again is harmless. @throws BerthError `storage_failed`, `deadline_exceeded` */
  join(): Promise<void> {
    this.#joined ??= this.renew().then(
      () => void (this.#renewals = this.#options.exclusive ? undefined : this.#keepRenewing()),
      (error: unknown) => {
        this.#joined = undefined;
        throw error;
      },
    );
    return this.#joined;
  }

  /** From now on others send requests here. */
  async announce(url: string): Promise<void> {
    this.#url = url;
    await this.renew();
  }

  /** Called when the lease ended although it was to be renewed; it may be renewed later. */
  onLapse(lapsed: () => void): void {
    this.#onLapse = lapsed;
  }

  /** Once, besides the renewals on a timer. @throws BerthError `storage_failed` */
  async renew(): Promise<void> {
    const { leases, clock, id, role, exclusive } = this.#options;
    const asked = clock.monotonic();
    const leaseMs = exclusive ? FOR_EVER_MS : LEASE_MS;
    const renewal = () => leases.renew({ id, role, url: this.#url }, leaseMs);
    await withDeadline("renewing the lease", RENEW_DEADLINE_MS, renewal, { clock, code: "storage_failed" });
    if (this.#leaving.signal.aborted) return;
    this.#holdsUntil = Math.max(this.#holdsUntil, asked + leaseMs - MARGIN_MS);
    if (!exclusive) this.#watch();
  }

  /** Ends the lease at once, durably if the store still answers. */
  async leave(): Promise<void> {
    const { leases, clock, id } = this.#options;
    this.#leaving.abort();
    this.#lapse?.[Symbol.dispose]();
    this.#holdsUntil = -Infinity;
    if (!this.#joined) return;
    await this.#renewals;
    await withDeadline("ending the lease", RENEW_DEADLINE_MS, () => leases.release(id), { clock }).catch(
      () => undefined,
    );
  }

  async #keepRenewing(): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#leaving;
    let pauseMs = RENEW_MS;
    for (;;) {
      await clock.sleep(pauseMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      pauseMs = await this.renew().then(
        () => RENEW_MS,
        (err: unknown) => {
          log.warn({ err }, "the lease of this controller could not be renewed");
          return TRY_AGAIN_MS;
        },
      );
    }
  }

  #watch(): void {
    const { clock, log } = this.#options;
    this.#lapse?.[Symbol.dispose]();
    const leftMs = this.#holdsUntil - clock.monotonic();
    const due = () => {
      if (this.holds || this.#leaving.signal.aborted) return;
      log.error({}, "the lease of this controller has ended: others may take its rollouts over");
      this.#onLapse();
    };
    this.#lapse = clock.alarm(Math.max(0, leftMs) + 1, due, { background: true });
  }
}
