import type { Clock } from "../core/clock.ts";
import type { EgressDenial, EgressDenialReason, EgressRecord } from "../model/egress.ts";
import type { EgressObserver } from "./proxy.ts";

const maxDenials = 100;
/** How long what was counted may wait to be written. */
const writeAfterMs = 1_000;

export interface EgressLogOptions {
  /** What was counted before. */
  readonly before: EgressRecord;
  /** Makes a record durable, all of it. */
  readonly save: (record: EgressRecord) => Promise<void>;
  /** Told of the first attempt with each destination and reason. */
  readonly onNewDenial: (denial: EgressDenial) => void;
  /** A write failed; what it would have written goes with the next one. */
  readonly onFailure: (thrown: unknown) => void;
  readonly clock: Clock;
}

/** Counts the attempts of one rollout, and writes them together: however many there are, one write a second. */
export class EgressLog implements EgressObserver {
  readonly #options: EgressLogOptions;
  readonly #denials = new Map<string, EgressDenial>();
  #allowed: number;
  #denied: number;
  #changed = false;
  #timer: Disposable | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: EgressLogOptions) {
    this.#options = options;
    const { allowed, denied, denials } = options.before;
    this.#allowed = allowed;
    this.#denied = denied;
    for (const denial of denials) this.#denials.set(keyOf(denial), denial);
  }

  allowed(): void {
    this.#allowed++;
    this.#note();
  }

  denied(destination: string, reason: EgressDenialReason): void {
    const at = new Date(this.#options.clock.now()).toISOString();
    const key = keyOf({ destination, reason });
    const known = this.#denials.get(key);
    this.#denied++;
    this.#note();
    if (known) this.#denials.set(key, { ...known, count: known.count + 1, last_at: at });
    else if (this.#denials.size < maxDenials) {
      const denial = { destination, reason, count: 1, first_at: at, last_at: at };
      this.#denials.set(key, denial);
      this.#options.onNewDenial(denial);
    }
  }

  /** Resolves when all that was counted is durable, or was told to `onFailure`. */
  flush(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  #note(): void {
    this.#changed = true;
    this.#timer ??= this.#options.clock.alarm(writeAfterMs, () => void this.flush(), { background: true });
  }

  async #write(): Promise<void> {
    if (!this.#changed) return;
    this.#changed = false;
    try {
      await this.#options.save({
        allowed: this.#allowed,
        denied: this.#denied,
        denials: [...this.#denials.values()],
      });
    } catch (thrown) {
      this.#changed = true;
      this.#options.onFailure(thrown);
    }
  }
}

const keyOf = ({ destination, reason }: Pick<EgressDenial, "destination" | "reason">): string =>
  `${reason} ${destination}`;
