import type { Clock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import { BerthError, toBerthError } from "../core/errors.ts";
import { verdictOfFailure } from "../grader/grade-rollout.ts";
import type { Graders } from "../grader/registry.ts";
import type { ChangeSet } from "../model/change-set.ts";
import type { Environment } from "../model/environment.ts";
import type { GradeRequest, Verdict } from "../model/verdict.ts";
import type { SandboxLauncher } from "../sandbox/launcher.ts";
import { profileNamed, type Profiles } from "../sandbox/profiles.ts";
import type { SnapshotBuilder } from "../snapshot/builder.ts";
import { SingleFlight } from "../snapshot/single-flight.ts";
import type { Store } from "../store/store.ts";
import { READY_DEADLINE_MS } from "./calls.ts";
import { endTurn } from "./end-turn.ts";
import type { EventHub } from "./event-hub.ts";
import { gradeChangeSet } from "./grade.ts";
import type { LiveRollout } from "./live-rollout.ts";
import type { LiveRollouts } from "./live-rollouts.ts";

export interface GradingParts {
  readonly rollouts: LiveRollouts;
  readonly store: Store;
  readonly events: EventHub;
  readonly builder: SnapshotBuilder;
  readonly launcher: SandboxLauncher;
  readonly profiles: Profiles;
  readonly graders: Graders;
  readonly clock: Clock;
}

/** active → grading → closed, with a verdict that is stored before it is told. */
export class Grading {
  readonly #parts: GradingParts;
  readonly #flights = new SingleFlight<Verdict>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #ending = new AbortController();

  constructor(parts: GradingParts) {
    this.#parts = parts;
  }

  /** The verdict of a rollout; the same one whenever it is asked for. */
  async grade(rolloutId: string, request: GradeRequest): Promise<Verdict> {
    const rollout = await this.#parts.rollouts.stored(rolloutId);
    if (rollout.verdict) return rollout.verdict;
    const flight = this.#flights.run(rollout.rollout_id, () => this.#grade(rollout.rollout_id, request));
    this.#running.add(flight);
    return flight.finally(() => this.#running.delete(flight));
  }

  /** Cuts off what is graded: it gets no verdict, and the next controller grades it anew. */
  end(reason: BerthError): void {
    this.#ending.abort(reason);
  }

  /** Resolves when nothing is graded any more. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  async #grade(id: string, request: GradeRequest): Promise<Verdict> {
    const { rollouts, store, events } = this.#parts;
    const stored = await rollouts.environmentOf(id);
    if (stored.environment.graders.length === 0) {
      throw new BerthError(
        "invalid_environment",
        `graders: the environment ${stored.environment.name} has none, so there is nothing to grade by.`,
        {
          remedy: "Create a new rollout from an environment that has a grader.",
        },
      );
    }
    const live = rollouts.find(id);
    const verdict = await store.saveVerdict(id, await this.#verdict(id, live, request));
    events.publish(id, { type: "verdict", status: verdict.status, reward: verdict.reward });
    const { status } = await rollouts.stored(id);
    if (status !== "closed" && status !== "failed") await rollouts.end(id, "closed");
    await live?.sandbox?.[Symbol.asyncDispose]();
    return verdict;
  }

  /** @throws BerthError of cause `caller`: there is nothing to grade; or why grading was cut off. No verdict is kept then. */
  async #verdict(id: string, live: LiveRollout | undefined, { answer }: GradeRequest): Promise<Verdict> {
    const { rollouts, events, launcher, profiles, graders, clock } = this.#parts;
    const began = clock.monotonic();
    try {
      const stored = await rollouts.environmentOf(id);
      const changeSet = live ? await this.#endTurn(live) : await this.#changeSetOfEnded(id);
      return await gradeChangeSet({
        rolloutId: id,
        stored,
        changeSet,
        answer,
        graders,
        profile: profileNamed(profiles, stored.environment.profile),
        launcher,
        signal: AbortSignal.any([this.#ending.signal, AbortSignal.timeout(deadlineMs(stored.environment))]),
        onProgress: (message) => events.publish(id, { type: "progress", phase: "grading", message }),
      });
    } catch (error) {
      this.#ending.signal.throwIfAborted();
      const failure = toBerthError(error);
      if (failure.causedBy === "caller") throw failure;
      return verdictOfFailure(failure, { durationMs: clock.monotonic() - began });
    }
  }

  async #endTurn(live: LiveRollout): Promise<ChangeSet> {
    await withDeadline("preparing the sandbox", READY_DEADLINE_MS, () => live.ready);
    await this.#parts.rollouts.change(live.id, { status: "grading" });
    return endTurn(live, new BerthError("rollout_closed", "The rollout is being graded."), this.#parts);
  }

  /** @throws BerthError why the rollout failed, or `rollout_closed` when it was closed ungraded */
  async #changeSetOfEnded(id: string): Promise<ChangeSet> {
    const changeSet = await this.#parts.store.changeSet(id);
    if (changeSet) return changeSet;
    const { error, status } = await this.#parts.rollouts.stored(id);
    if (error) throw new BerthError(error.code, error.message, { remedy: error.remedy });
    throw new BerthError("rollout_closed", `The rollout ${id} is ${status} and left nothing to grade.`);
  }
}

/** Every grader may start twice: each has its own time. */
const deadlineMs = (environment: Environment): number =>
  environment.graders.length * 2 * environment.budget.grading_seconds * 1000 + 120_000;
