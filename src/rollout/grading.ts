import type { Clock } from "../core/clock.ts";
import { submittedAnswer } from "../tool/episode/submit.ts";
import { crashPoint } from "../core/crash-point.ts";
import { withDeadline } from "../core/deadline.ts";
import { BerthError, toBerthError, type ErrorCode } from "../core/errors.ts";
import type { Measures } from "../core/measures.ts";
import { verdictOfFailure } from "../grader/grade-rollout.ts";
import type { Graders } from "../grader/registry.ts";
import type { ChangeSet } from "../model/change-set.ts";
import { terminalStatuses, type Rollout } from "../model/rollout.ts";
import type { GradeRequest, Verdict } from "../model/verdict.ts";
import type { Admission } from "../sandbox/admission/admission.ts";
import type { SandboxLauncher } from "../sandbox/launcher.ts";
import { profileNamed, type Profiles } from "../sandbox/profiles.ts";
import type { SnapshotBuilder } from "../snapshot/builder.ts";
import { SingleFlight } from "../snapshot/single-flight.ts";
import type { Store, StoredEnvironment } from "../store/store.ts";
import { READY_DEADLINE_MS } from "./calls.ts";
import { endTurn } from "./end-turn.ts";
import type { EventHub } from "./event-hub.ts";
import { gradeChangeSet, gradingDeadlineMs } from "./grade.ts";
import type { LiveRollout } from "./live-rollout.ts";
import type { LiveRollouts } from "./live-rollouts.ts";

export interface GradingParts {
  readonly rollouts: LiveRollouts;
  readonly store: Store;
  readonly events: EventHub;
  readonly builder: SnapshotBuilder;
  readonly launcher: SandboxLauncher;
  readonly admission: Admission;
  readonly profiles: Profiles;
  readonly graders: Graders;
  readonly clock: Clock;
  readonly measures: Measures;
}

/** How long a grading waits for its turn. Whoever asked may have left: asking again joins it. */
const PATIENCE_MS = 3_600_000;

/** What leaves a rollout as it is: another controller grades it, or this one's successor, or it is asked for again. */
const NOT_NOW: ReadonlySet<ErrorCode> = new Set(["shutting_down", "fenced", "queue_deadline"]);

/** For clean sandboxes to end. */
const CALL_OFF_MS = 10_000;

/** The rollout ends as `failed`, as when a tool call finds it out. */
const SANDBOX_DIED: ReadonlySet<ErrorCode> = new Set(["sandbox_lost", "sandbox_oom"]);

interface RunningGrading {
  readonly controller: AbortController;
  /** What goes on in clean sandboxes; it may outlive the answer by the time that they need to end. */
  work: Promise<Verdict> | undefined;
}

/** active → grading → closed, with a verdict that is stored before it is told. */
export class Grading {
  readonly #parts: GradingParts;
  readonly #flights = new SingleFlight<Verdict>();
  readonly #running = new Map<string, RunningGrading>();
  /** Rollouts whose verdict was asked for and not told, until somebody asks again. */
  readonly #unasked = new Map<string, Disposable>();

  constructor(parts: GradingParts) {
    this.#parts = parts;
  }

  /** The verdict of a rollout; the same one whenever it is asked for. */
  async grade(rolloutId: string, request: GradeRequest, by?: string): Promise<Verdict> {
    const rollout = await this.#parts.rollouts.stored(rolloutId);
    if (rollout.verdict) {
      // It stands, whether or not its rollout can be written as ended now.
      if (!this.#running.has(rollout.rollout_id)) await this.#close(rollout, by).catch(() => undefined);
      return rollout.verdict;
    }
    const { rollout_id: id } = await this.#parts.rollouts.storedHere(rolloutId);
    return this.#flights.run(id, () => {
      const running: RunningGrading = { controller: new AbortController(), work: undefined };
      this.#running.set(id, running);
      this.#forgetUnasked(id);
      return this.#grade(id, request, { running, by })
        .catch(async (error: unknown) => {
          await this.expectAgain(id).catch(() => undefined);
          throw error;
        })
        .finally(() => this.#running.delete(id));
    });
  }

  /** A rollout in grading has a change set and no verdict: when nobody asks for one in its idle time, it expires, and can still be graded. */
  async expectAgain(id: string): Promise<void> {
    const { rollouts, clock } = this.#parts;
    const { idle_seconds } = (await rollouts.environmentOf(id)).environment.budget;
    this.#forgetUnasked(id);
    const message = `Nobody asked for the verdict for ${idle_seconds} seconds.`;
    const expire = async () => {
      this.#unasked.delete(id);
      const { status } = await rollouts.stored(id);
      if (status === "grading" && !this.#running.has(id))
        await rollouts.end(id, "expired", {
          error: new BerthError("budget_exhausted", message, { budget: "idle_seconds" }),
        });
    };
    const alarm = clock.alarm(idle_seconds * 1000, () => void expire().catch(() => undefined), { background: true });
    this.#unasked.set(id, alarm);
  }

  #forgetUnasked(id: string): void {
    this.#unasked.get(id)?.[Symbol.dispose]();
    this.#unasked.delete(id);
  }

  /** Calls off the grading of a rollout, which then throws `reason`; resolves when its sandboxes are gone. */
  async cancel(id: string, reason: BerthError): Promise<void> {
    this.#forgetUnasked(id);
    const running = this.#running.get(id);
    if (!running) return;
    running.controller.abort(reason);
    await this.ended(id);
    await running.work?.catch(() => undefined);
  }

  /** Resolves when the rollout is not being graded. */
  async ended(id: string): Promise<void> {
    const neverNew = () => Promise.reject(new BerthError("internal", "No grading runs."));
    if (this.#running.has(id)) await this.#flights.run(id, neverNew).catch(() => undefined);
  }

  /** Lets what is graded now come to its end within `graceMs`, then calls it off; no verdict is kept of that. */
  async drain(graceMs: number, reason: BerthError): Promise<void> {
    for (const id of this.#unasked.keys()) this.#forgetUnasked(id);
    const { clock } = this.#parts;
    const all = () => Promise.all([...this.#running.keys()].map((id) => this.ended(id)));
    await withDeadline("grading", graceMs, all, { clock }).catch(() => undefined);
    const off = () => Promise.all([...this.#running.keys()].map((id) => this.cancel(id, reason)));
    await withDeadline("calling off what is graded", CALL_OFF_MS, off, { clock }).catch(() => undefined);
  }

  async #grade(
    id: string,
    request: GradeRequest,
    { running, by }: { running: RunningGrading; by: string | undefined },
  ): Promise<Verdict> {
    const { rollouts, store, events, measures, clock } = this.#parts;
    const began = clock.monotonic();
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
    const judged = await this.#verdict(id, live, request, running);
    crashPoint("grade.judged");
    const verdict = await store.saveVerdict(id, judged, await this.#answerOf(id, request));
    crashPoint("grade.stored");
    measures.graded({
      status: verdict.status,
      seconds: (clock.monotonic() - began) / 1000,
      failure: verdict.status === "unscored" ? verdict.reason : undefined,
    });
    events.publish(id, { type: "verdict", status: verdict.status, reward: verdict.reward });
    await this.#close(await rollouts.stored(id), by);
    crashPoint("grade.closed");
    // The verdict stands; what could not be removed is in the log and is found again by its label.
    await Promise.resolve(live?.sandbox?.[Symbol.asyncDispose]()).catch(() => undefined);
    return verdict;
  }

  async #close({ rollout_id, status }: Rollout, by: string | undefined): Promise<void> {
    if (!terminalStatuses.includes(status)) await this.#parts.rollouts.end(rollout_id, "closed", { by });
  }

  /** @throws BerthError of cause `caller`, `shutting_down`, or `queue_deadline`: there is nothing to grade, and no verdict is kept */
  async #verdict(
    id: string,
    live: LiveRollout | undefined,
    request: GradeRequest,
    running: RunningGrading,
  ): Promise<Verdict> {
    const { rollouts, admission, clock } = this.#parts;
    const began = clock.monotonic();
    try {
      const stored = await rollouts.environmentOf(id);
      const { created_by, group } = await rollouts.stored(id);
      const changeSet = live ? await this.#endTurn(live) : await this.#changeSetOfEnded(id);
      const { signal } = running.controller;
      signal.throwIfAborted();
      const answer = await this.#answerOf(id, request);
      return await admission.grade(
        { key: created_by ?? "", group: group ?? "" },
        () => this.#inCleanSandboxes(id, stored, changeSet, answer, running),
        { patienceMs: PATIENCE_MS, signal },
      );
    } catch (error) {
      running.controller.signal.throwIfAborted();
      const failure = toBerthError(error);
      if (failure.causedBy === "caller" || NOT_NOW.has(failure.code)) throw failure;
      return verdictOfFailure(failure, { durationMs: clock.monotonic() - began });
    }
  }

  /** What is graded besides the change set: the caller's answer, else the one that the policy submitted. */
  async #answerOf(id: string, { answer }: GradeRequest): Promise<string | undefined> {
    return answer ?? submittedAnswer(await this.#parts.store.trajectory(id));
  }

  async #inCleanSandboxes(
    id: string,
    stored: StoredEnvironment,
    changeSet: ChangeSet,
    answer: string | undefined,
    running: RunningGrading,
  ): Promise<Verdict> {
    const { store, events, builder, launcher, profiles, graders, clock } = this.#parts;
    const grade = (signal: AbortSignal) =>
      (running.work = gradeChangeSet({
        rolloutId: id,
        stored,
        changeSet,
        answer,
        trajectory: () => store.trajectory(id),
        graders,
        profile: profileNamed(profiles, stored.environment.profile),
        builder,
        launcher,
        clock,
        signal,
        onProgress: (message) => events.publish(id, { type: "progress", phase: "grading", message }),
      }));
    const parent = running.controller.signal;
    return withDeadline("grading", gradingDeadlineMs(stored.environment), grade, {
      parent,
      code: "grader_timeout",
      clock,
    });
  }

  async #endTurn(live: LiveRollout): Promise<ChangeSet> {
    const { rollouts, clock } = this.#parts;
    await withDeadline("preparing the sandbox", READY_DEADLINE_MS, () => live.ready, { clock });
    if (!live.turn.signal.aborted) await rollouts.change(live.id, { status: "grading" });
    crashPoint("grade.begun");
    try {
      return await endTurn(live, new BerthError("rollout_closed", "The rollout is being graded."), this.#parts);
    } catch (thrown) {
      const error = toBerthError(thrown);
      if (SANDBOX_DIED.has(error.code)) await rollouts.fail(live, error);
      throw error;
    }
  }

  /** @throws BerthError why the rollout failed, or `rollout_closed` when it was closed ungraded */
  async #changeSetOfEnded(id: string): Promise<ChangeSet> {
    const changeSet = await this.#parts.store.changeSet(id);
    if (changeSet) return changeSet;
    const { error, status } = await this.#parts.rollouts.stored(id);
    if (error) throw BerthError.of(error);
    throw new BerthError("rollout_closed", `The rollout ${id} is ${status} and left nothing to grade.`);
  }
}
