import { crashPoint } from "../core/crash-point.ts";
import { BerthError } from "../core/errors.ts";
import { terminalStatuses, type Rollout } from "../model/rollout.ts";
import type { SandboxLauncher } from "../sandbox/launcher.ts";
import { SingleFlight } from "../snapshot/single-flight.ts";
import type { Grading } from "./grading.ts";
import type { LiveRollouts } from "./live-rollouts.ts";
import type { Regradings } from "./regrading.ts";

export interface ClosingParts {
  readonly rollouts: LiveRollouts;
  readonly launcher: SandboxLauncher;
  readonly grading: Pick<Grading, "cancel">;
  readonly regradings: Pick<Regradings, "cancel">;
}

/** Ends what goes on in a rollout and removes all of it but its record. */
export class Closing {
  readonly #parts: ClosingParts;
  readonly #flights = new SingleFlight<Rollout>();

  constructor(parts: ClosingParts) {
    this.#parts = parts;
  }

  async close(rolloutId: string, by?: string): Promise<Rollout> {
    const { rollout_id: id } = await this.#parts.rollouts.storedHere(rolloutId);
    return this.#flights.run(id, () => this.#close(id, by));
  }

  async #close(id: string, by: string | undefined): Promise<Rollout> {
    const { rollouts, launcher, grading, regradings } = this.#parts;
    const live = rollouts.find(id);
    const reason = new BerthError("rollout_closed", "The rollout was closed.");
    const graded = Promise.all([grading.cancel(id, reason), regradings.cancel(reason, id)]);
    live?.end(reason);
    await graded;
    if (live) {
      await live.preparation;
      await live.lane.idle();
      await live.turnOver?.catch(() => undefined);
      await live.egress?.flush();
    }
    // Before anything goes: whoever starts after a crash must not take a sandbox that was closed for one that was lost. A full disk keeps none.
    await this.#record(id, by).catch(() => undefined);
    crashPoint("rollout.closed");
    await live?.sandbox?.[Symbol.asyncDispose]();
    for (const handle of await launcher.of([id, `grade:${id}`]))
      await launcher.destroy(handle, "its rollout was closed");
    crashPoint("rollout.emptied");
    await this.#record(id, by);
    rollouts.forget(id);
    return rollouts.stored(id);
  }

  async #record(id: string, by: string | undefined): Promise<void> {
    const { rollouts } = this.#parts;
    const { status } = await rollouts.stored(id);
    if (!terminalStatuses.includes(status)) await rollouts.end(id, "closed", { by });
  }
}
