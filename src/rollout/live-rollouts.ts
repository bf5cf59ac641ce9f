import type { Claims } from "../controllers/claims.ts";
import type { Clock } from "../core/clock.ts";
import { crashPoint } from "../core/crash-point.ts";
import { BerthError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Later } from "../core/later.ts";
import type { Measures } from "../core/measures.ts";
import { normaliseRolloutId } from "../core/ids.ts";
import { terminalStatuses, type Rollout } from "../model/rollout.ts";
import { BusyRate } from "../sandbox/admission/busy-rate.ts";
import type { AuditTrail } from "../store/audit-trail.ts";
import type { Store, StoredEnvironment } from "../store/store.ts";
import type { EventHub } from "./event-hub.ts";
import type { LiveRollout } from "./live-rollout.ts";

type Ended = "closed" | "failed" | "expired";
type StatusPatch = Parameters<Store["updateRollout"]>[1] & { status: Rollout["status"] };

/** The rollouts that this controller holds, and the one place where a rollout's status changes. */
export class LiveRollouts {
  readonly #live = new Map<string, LiveRollout>();
  readonly #ends: BusyRate;
  readonly #store: Store;
  readonly #events: EventHub;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #audit: AuditTrail;
  readonly #measures: Measures;
  readonly #later: Later;
  readonly #claims: Pick<Claims, "forget" | "holds">;

  constructor(parts: {
    store: Store;
    audit: AuditTrail;
    events: EventHub;
    clock: Clock;
    log: Logger;
    measures: Measures;
    later: Later;
    claims: Pick<Claims, "forget" | "holds">;
  }) {
    this.#later = parts.later;
    this.#claims = parts.claims;
    this.#store = parts.store;
    this.#events = parts.events;
    this.#clock = parts.clock;
    this.#ends = new BusyRate(parts.clock);
    this.#log = parts.log;
    this.#audit = parts.audit;
    this.#measures = parts.measures;
  }

  get size(): number {
    return this.#live.size;
  }

  /** Rollouts that end in a second while there are some; undefined while too few have. */
  endsPerSecond(): number | undefined {
    return this.#ends.perSecond();
  }

  all(): Iterable<LiveRollout> {
    return this.#live.values();
  }

  find(id: string): LiveRollout | undefined {
    return this.#live.get(id);
  }

  add(live: LiveRollout): void {
    if (this.#live.size === 0) this.#ends.busy(true);
    this.#live.set(live.id, live);
    this.#measures.rolloutMoved(undefined, live.status);
  }

  forget(id: string): void {
    const live = this.#live.get(id);
    if (!live) return;
    this.#live.delete(id);
    this.#ends.note();
    if (this.#live.size === 0) this.#ends.busy(false);
    this.#measures.rolloutMoved(live.status, undefined);
  }

  /** An id in any of its forms → the stored rollout. @throws BerthError `unknown_rollout` */
  async stored(text: string): Promise<Rollout> {
    const found = await this.#store.rollout(rolloutIdOf(text));
    if (!found) throw new BerthError("unknown_rollout", `There is no rollout ${text}.`);
    return found;
  }

  /** As `stored`, of one that has ended or that this controller holds. @throws BerthError `unknown_rollout`, `fenced` */
  async storedHere(text: string): Promise<Rollout> {
    const rollout = await this.stored(text);
    const { rollout_id: id, status } = rollout;
    if (terminalStatuses.includes(status) || this.#claims.holds(id)) return rollout;
    throw new BerthError("fenced", `Another controller holds the rollout ${id}, or none does yet.`);
  }

  /** @throws BerthError `unknown_rollout` */
  async environmentOf(id: string): Promise<StoredEnvironment> {
    const stored = await this.#store.rolloutEnvironment(id);
    if (!stored) throw new BerthError("unknown_rollout", `There is no rollout ${id}.`);
    return stored;
  }

  /** Does nothing to a rollout that has ended. */
  async change(id: string, patch: StatusPatch): Promise<void> {
    if (!(await this.#write(id, patch))) return;
    const live = this.#live.get(id);
    if (!live) return;
    this.#measures.rolloutMoved(live.status, patch.status);
    live.status = patch.status;
  }

  /**
   * `by`: who asked for it, if anybody did. What cannot be written now is tried again in the background: else the rollout would take up room
   * until the next start.
   * @throws BerthError of the first attempt
   */
  async end(
    id: string,
    status: Ended,
    { error, by }: { error?: BerthError; by?: string | undefined } = {},
  ): Promise<void> {
    const report = error?.report();
    const patch = { status, ended_at: this.now(), ...(report ? { error: report } : {}) };
    const why = report ? `${status}: ${report.code}` : status;
    const end = async () => {
      const [written] = await Promise.all([
        this.#write(id, patch),
        this.#audit.tell({ action: "destroyed", kind: "rollout", subject: id, rolloutId: id, by, why }),
      ]);
      if (written) this.#measures.rolloutEnded(status, report);
      this.#events.end(id);
      this.forget(id);
      this.#claims.forget(id);
    };
    try {
      await end();
    } catch (thrown) {
      // What another controller holds by then is its to end.
      const again = async () => (this.#claims.holds(id) ? end() : undefined);
      this.#later.again(`writing the end of the rollout ${id}`, again);
      throw thrown;
    }
  }

  /** Another controller has it now, or will: whoever waits is told, and its sandbox is left as it is. */
  drop(id: string, reason: BerthError): void {
    const live = this.#live.get(id);
    this.#events.cut(id, reason);
    this.#claims.forget(id);
    if (!live) return;
    this.#log.warn({ rollout: id, code: reason.code }, "a rollout is given up to another controller");
    this.forget(id);
    live.end(reason);
    void live.letGo();
  }

  async #write(id: string, patch: StatusPatch): Promise<boolean> {
    const written = await this.#store.updateRollout(id, patch);
    if (written) this.#events.publish(id, { type: "status", status: patch.status });
    return written;
  }

  /**
   * Ends a rollout with why: the sandbox goes, whoever waits is told. Never rejects: what could not be removed is in the log, and the
   * next start finds it.
   */
  async fail(live: LiveRollout, error: BerthError): Promise<void> {
    this.#log.warn({ rollout: live.id, code: error.code, err: error }, "a rollout failed");
    live.end(error);
    const ended = this.end(live.id, "failed", { error });
    live.failing = ended.catch(() => undefined);
    const gone = live.failing.then(() => {
      crashPoint("rollout.failed");
      return live.sandbox?.[Symbol.asyncDispose]();
    });
    for (const result of await Promise.allSettled([ended, gone, live.egress?.flush()])) {
      if (result.status === "rejected")
        this.#log.error({ rollout: live.id, err: result.reason as unknown }, "a failed rollout could not be tidied up");
    }
  }

  /** ISO 8601. */
  now(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}

/** @throws BerthError `unknown_rollout` */
export function rolloutIdOf(text: string): string {
  const id = normaliseRolloutId(text);
  if (id === undefined) throw new BerthError("unknown_rollout", `${text} is not a rollout id.`);
  return id;
}
