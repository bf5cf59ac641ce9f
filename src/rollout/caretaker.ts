import type { Clock } from "../core/clock.ts";
import { toBerthError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { Slots } from "../core/slots.ts";
import type { SandboxLauncher } from "../sandbox/launcher.ts";
import { causeOfDeath } from "./cause-of-death.ts";
import type { LiveRollout } from "./live-rollout.ts";
import type { LiveRollouts } from "./live-rollouts.ts";
import { UNATTENDED_MS } from "./sandbox-request.ts";
import type { Takeover } from "./takeover.ts";

/** Also how long it may take until the end of a sandbox is noticed that nobody calls. */
const CARE_PAUSE_MS = 60_000;
const LOOK_PAUSE_MS = 1_000;
const AT_A_TIME = 8;
const ANSWER_DEADLINE_MS = 10_000;

export interface CaretakerParts {
  readonly takeover: Takeover;
  readonly rollouts: LiveRollouts;
  readonly launcher: SandboxLauncher;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether there may be other controllers, whose rollouts can come to be free. */
  readonly siblings: boolean;
}

/** What is done time and again: free rollouts are taken over, sandboxes that are cared for live on, and what nobody owns is removed. */
export class Caretaker {
  readonly #parts: CaretakerParts;
  readonly #stopping = new AbortController();
  readonly #loops: Promise<void>[] = [];

  constructor(parts: CaretakerParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#loops.push(this.#every(CARE_PAUSE_MS, () => this.round()));
    if (this.#parts.siblings) this.#loops.push(this.#every(LOOK_PAUSE_MS, () => this.look()));
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#loops);
  }

  /** What its controller left is removed with the rollouts that came to be free. */
  async look(): Promise<void> {
    const { takeover } = this.#parts;
    if ((await takeover.all()) > 0) await takeover.tidyUp();
  }

  async round(): Promise<void> {
    const { takeover, rollouts } = this.#parts;
    await takeover.all({ own: true });
    const slots = new Slots(AT_A_TIME);
    await Promise.all([...rollouts.all()].map((live) => slots.run(() => this.#prolong(live))));
    await takeover.tidyUp();
  }

  /** A sandbox that turns out to be gone ends its rollout now, not with the next call. */
  async #prolong(live: LiveRollout): Promise<void> {
    const { rollouts, launcher, clock, log } = this.#parts;
    const sandbox = live.active;
    const { signal } = this.#stopping;
    if (!sandbox || live.turn.signal.aborted || signal.aborted) return;
    try {
      await sandbox.guest.prolong(UNATTENDED_MS, { timeoutMs: ANSWER_DEADLINE_MS, signal });
    } catch (thrown) {
      // What its drain let go of is not lost.
      if (signal.aborted) return;
      const error = toBerthError(thrown);
      log.warn({ rollout: live.id, code: error.code, err: error }, "the life of a sandbox could not be prolonged");
      const reason = await causeOfDeath(error, sandbox.handle, { provider: launcher.provider, clock });
      if (error.code === "fenced") rollouts.drop(live.id, error);
      else if (reason && !live.turn.signal.aborted) await rollouts.fail(live, reason);
    }
  }

  async #every(pauseMs: number, work: () => Promise<void>): Promise<void> {
    const { clock, log } = this.#parts;
    const { signal } = this.#stopping;
    for (;;) {
      await clock.sleep(pauseMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      await work().catch((err: unknown) => log.warn({ err }, "what is done time and again failed this time"));
    }
  }
}
