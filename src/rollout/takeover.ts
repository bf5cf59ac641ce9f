import type { Claims } from "../controllers/claims.ts";
import type { Clock } from "../core/clock.ts";
import { crashPoint } from "../core/crash-point.ts";
import { BerthError, toBerthError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { Slots } from "../core/slots.ts";
import { terminalStatuses, type Rollout } from "../model/rollout.ts";
import type { SandboxHandle } from "../provider/provider.ts";
import type { SandboxLauncher } from "../sandbox/launcher.ts";
import { reconcile } from "../sandbox/reconcile.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { SnapshotBuilder } from "../snapshot/builder.ts";
import { SingleFlight } from "../snapshot/single-flight.ts";
import type { Claim } from "../store/leases.ts";
import type { Store } from "../store/store.ts";
import { causeOfDeath } from "./cause-of-death.ts";
import { endTurn } from "./end-turn.ts";
import type { Entrance } from "./entrance.ts";
import type { Grading } from "./grading.ts";
import { LiveRollout } from "./live-rollout.ts";
import type { LiveRollouts } from "./live-rollouts.ts";
import type { Preparation } from "./preparation.ts";

export interface TakeoverParts {
  readonly store: Store;
  readonly claims: Claims;
  readonly launcher: SandboxLauncher;
  readonly builder: SnapshotBuilder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly rollouts: LiveRollouts;
  readonly preparation: Preparation;
  readonly grading: Pick<Grading, "expectAgain">;
  readonly entrance: Entrance;
}

/** Rollouts that are taken over at a time, and that one look for them gives. */
const AT_A_TIME = 8;
const A_LOOK = 1_000;

type Outcome = "attached" | "waiting" | "other";

/** Rollouts that nobody live holds become this controller's and go on: the store says what should be, the provider what is. */
export class Takeover {
  readonly #parts: TakeoverParts;
  readonly #flights = new SingleFlight<boolean>();
  #outcomes: Record<Outcome, number> = { attached: 0, waiting: 0, other: 0 };

  constructor(parts: TakeoverParts) {
    this.#parts = parts;
  }

  /**
   * All that are free; `own`: those that this controller holds without knowing of it, too, as after a lease that ended. Gives how many it took.
   * One that cannot be taken up now is in the log, and free again.
   */
  async all({ own = false }: { own?: boolean } = {}): Promise<number> {
    const { store, claims, log } = this.#parts;
    const slots = new Slots(AT_A_TIME);
    this.#outcomes = { attached: 0, waiting: 0, other: 0 };
    let taken = 0;
    for (const tried = new Set<string>(); claims.stand;) {
      const free = await store.leases.free(tried.size + A_LOOK, own ? claims.controller : undefined);
      const next = free.filter((id) => !tried.has(id) && !claims.holds(id));
      if (next.length === 0) break;
      for (const id of next) tried.add(id);
      const took = await Promise.all(next.map((id) => slots.run(() => this.one(id).catch(() => false))));
      taken += took.filter(Boolean).length;
    }
    if (taken > 0) log.info({ ...this.#outcomes }, "took rollouts over");
    return taken;
  }

  /** False when another holds it. @throws BerthError when it cannot be taken up; it is free again then */
  one(id: string): Promise<boolean> {
    return this.#flights.run(id, async () => {
      const { store, claims, rollouts, log, entrance } = this.#parts;
      await entrance.passed(id);
      if (claims.holds(id)) return true;
      const claim = await store.leases.claim(id, claims.controller);
      if (!claim) return false;
      claims.took(id, claim);
      crashPoint("resume.claimed");
      try {
        this.#outcomes[await this.#goOn(await rollouts.stored(id))]++;
        return true;
      } catch (error) {
        log.error({ rollout: id, err: error }, "a rollout could not be taken over");
        rollouts.drop(id, toBerthError(error));
        await this.#giveBack(id, claim);
        throw error;
      }
    });
  }

  /** Removes what nobody owns. Gives how many sandboxes that were. */
  async tidyUp(): Promise<number> {
    const { store, launcher, log, claims, rollouts } = this.#parts;
    const isWanted = async (rolloutId: string, sandboxId: string): Promise<boolean> => {
      const sandbox = rollouts.find(rolloutId)?.sandbox;
      if (sandbox) return sandbox.handle.id === sandboxId;
      const status = (await store.rollout(rolloutId))?.status;
      return status === "active" || (status === "grading" && !(await store.changeSet(rolloutId)));
    };
    return (await reconcile({ store, launcher, log, controller: claims.controller, isWanted })).length;
  }

  async #giveBack(id: string, claim: Claim): Promise<void> {
    const { store, claims } = this.#parts;
    claims.forget(id);
    // What cannot be given back is this controller's until its lease ends, and then it is free.
    await store.leases.giveBack(id, claim).catch(() => undefined);
  }

  async #goOn(rollout: Rollout): Promise<Outcome> {
    const { store, rollouts, preparation, grading, claims, clock } = this.#parts;
    const { rollout_id: id, status } = rollout;
    if (terminalStatuses.includes(status)) {
      claims.forget(id);
      return "other";
    }
    // Its controller died between the verdict and the end.
    if (rollout.verdict) {
      await rollouts.end(id, "closed");
      return "other";
    }
    // Its change set is all that grading needs; the next request for the verdict goes on from there.
    if (status === "grading" && (await store.changeSet(id))) {
      await store.markInterruptedCalls(id);
      await grading.expectAgain(id);
      return "other";
    }
    const live = new LiveRollout(rollout, await rollouts.environmentOf(id), clock);
    rollouts.add(live);
    if (status === "queued" || status === "preparing") {
      // A sandbox of an earlier attempt may come late, or not go: it must never be taken for the one that the rollout works in.
      await this.#parts.launcher.disown(id);
      preparation.start(live);
      return "waiting";
    }
    if (status === "active" && (await store.changeSet(id))) {
      await store.markInterruptedCalls(id);
      const over = "The rollout's time was over when its controller ended.";
      const error = new BerthError("budget_exhausted", over, { budget: "wall_seconds" });
      await rollouts.end(id, "expired", { error });
      return "other";
    }
    const sandbox = await this.#reattach(live);
    // Its guest answers to nobody before: what ran until now runs no more.
    await store.markInterruptedCalls(id);
    crashPoint("resume.calls-marked");
    if (sandbox instanceof BerthError) {
      await rollouts.fail(live, sandbox);
      return "other";
    }
    if (status === "active") await this.#activate(live, sandbox);
    else void this.#finishTurn(live, sandbox);
    return "attached";
  }

  /** The rollout's sandbox, or why it has none that answers. */
  async #reattach(live: LiveRollout): Promise<Sandbox | BerthError> {
    const { launcher } = this.#parts;
    let reason = new BerthError("sandbox_lost", "The sandbox did not survive its controller.");
    for (const handle of await launcher.of([live.id])) {
      try {
        return await launcher.attach(handle);
      } catch (thrown) {
        reason = await this.#whyNot(handle, toBerthError(thrown, "sandbox_lost"));
      }
    }
    return reason;
  }

  /** @throws BerthError what says nothing of the sandbox */
  async #whyNot(handle: SandboxHandle, error: BerthError): Promise<BerthError> {
    const { launcher, clock } = this.#parts;
    if (error.code === "fenced" || error.code === "storage_failed" || error.code === "provider_unavailable")
      throw error;
    return (await causeOfDeath(error, handle, { provider: launcher.provider, clock })) ?? error;
  }

  async #activate(live: LiveRollout, sandbox: Sandbox): Promise<void> {
    const { preparation, rollouts } = this.#parts;
    live.sandbox = sandbox;
    await preparation.activate(live, sandbox).catch((thrown: unknown) => rollouts.fail(live, toBerthError(thrown)));
  }

  /** Grading had begun and its change set was not stored yet: the policy's turn stays over. */
  async #finishTurn(live: LiveRollout, sandbox: Sandbox): Promise<void> {
    const { rollouts, grading } = this.#parts;
    live.becomeActive(sandbox);
    try {
      await endTurn(live, new BerthError("rollout_closed", "The rollout is being graded."), this.#parts);
      rollouts.forget(live.id);
      await grading.expectAgain(live.id);
    } catch (error) {
      await rollouts.fail(live, toBerthError(error));
    }
  }
}
