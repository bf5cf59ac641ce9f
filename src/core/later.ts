import type { Clock } from "./clock.ts";
import type { Logger } from "./log.ts";

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
const MOST_ATTEMPTS = 35;

/**
 * What must be done and could not be done now: tried again in the background after 1 s, 2 s and so on up to a minute, for half an hour.
 * One that then still fails is in the log, and left to the next start.
 */
export class Later {
  readonly #clock: Pick<Clock, "alarm">;
  readonly #log: Logger;
  #stopped = false;

  constructor({ clock, log }: { clock: Pick<Clock, "alarm">; log: Logger }) {
    this.#clock = clock;
    this.#log = log;
  }

  /** `work` may be done more often than once. */
  again(what: string, work: () => Promise<unknown>, attempt = 1): void {
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
    const next = () => {
      if (this.#stopped) return;
      work().catch((err: unknown) => {
        this.#log.error({ attempt, err }, `${what} failed again`);
        if (attempt < MOST_ATTEMPTS) this.again(what, work, attempt + 1);
      });
    };
    this.#clock.alarm(pauseMs, next, { background: true });
  }

  /** Nothing more is tried. */
  stop(): void {
    this.#stopped = true;
  }
}
