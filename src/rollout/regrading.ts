import type { Clock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import { BerthError, toBerthError, type ErrorCode } from "../core/errors.ts";
import type { IdSource } from "../core/ids.ts";
import { Slots } from "../core/slots.ts";
import { verdictOfFailure } from "../grader/grade-rollout.ts";
import type { Graders } from "../grader/registry.ts";
import { mostRegradings, type Regrading } from "../model/regrading.ts";
import type { GradeRequest, Verdict } from "../model/verdict.ts";
import type { Admission } from "../sandbox/admission/admission.ts";
import type { SandboxLauncher } from "../sandbox/launcher.ts";
import { profileNamed, type Profiles } from "../sandbox/profiles.ts";
import type { SnapshotBuilder } from "../snapshot/builder.ts";
import type { Store, StoredEnvironment } from "../store/store.ts";
import { checkGraders } from "./check-environment.ts";
import type { EventHub } from "./event-hub.ts";
import { gradeChangeSet, gradingDeadlineMs } from "./grade.ts";
import type { LiveRollouts } from "./live-rollouts.ts";
import { PATIENCE_MS } from "./preparation.ts";

export interface RegradingParts {
  readonly rollouts: LiveRollouts;
  readonly store: Store;
  readonly events: EventHub;
  readonly admission: Admission;
  readonly builder: SnapshotBuilder;
  readonly launcher: SandboxLauncher;
  readonly profiles: Profiles;
  readonly graders: Graders;
  readonly clock: Clock;
  readonly ids: IdSource;
}

/** Rollouts that are graded again at a time, each in its turn among those whose first verdict somebody waits for. */
const AT_ONCE = 4;

/** After these nothing is kept: it can be asked for again. */
const NOT_NOW: ReadonlySet<ErrorCode> = new Set(["shutting_down", "fenced", "queue_deadline"]);

interface Running {
  readonly controller: AbortController;
  readonly ended: Promise<unknown>;
}

/** Later verdicts on stored change sets, by the same graders or others; the stored verdict stands. */
export class Regradings {
  readonly #parts: RegradingParts;
  readonly #slots = new Slots(AT_ONCE);
  readonly #running = new Map<string, Set<Running>>();

  constructor(parts: RegradingParts) {
    this.#parts = parts;
  }

  /**
   * Judges what a rollout left and keeps the verdict beside the first one.
   * @throws BerthError `invalid_request` when it left nothing or was graded again too often, `invalid_environment` for graders that
   * cannot grade it, `queue_deadline`, `shutting_down`, and what ended it
   */
  async regrade(rolloutId: string, request: GradeRequest): Promise<Verdict> {
    const { rollout_id: id } = await this.#parts.rollouts.storedHere(rolloutId);
    const controller = new AbortController();
    const work = this.#slots.run(() => this.#regrade(id, request, controller.signal), controller.signal);
    const running = { controller, ended: work.catch(() => undefined) };
    const ofRollout = this.#running.get(id) ?? new Set();
    this.#running.set(id, ofRollout.add(running));
    try {
      return await work;
    } finally {
      ofRollout.delete(running);
      if (ofRollout.size === 0) this.#running.delete(id);
    }
  }

  /** Calls off what is graded again, of one rollout or of all; resolves when its sandboxes are gone. */
  async cancel(reason: BerthError, id?: string): Promise<void> {
    const running = [...this.#running].flatMap(([of, all]) => (id === undefined || of === id ? [...all] : []));
    for (const { controller } of running) controller.abort(reason);
    await Promise.all(running.map(({ ended }) => ended));
  }

  async #regrade(id: string, request: GradeRequest, signal: AbortSignal): Promise<Verdict> {
    const { rollouts, store, graders, clock, ids } = this.#parts;
    const stored = regradedBy(await rollouts.environmentOf(id), request);
    await checkGraders(stored, { graders });
    const answer = request.answer ?? (await store.answer(id));
    if ((await store.regradings(id)).length >= mostRegradings)
      throw new BerthError("invalid_request", `${id} was graded again ${mostRegradings} times, as often as is kept.`);
    const verdict = await this.#judge(id, stored, answer, signal);
    const { environment } = stored;
    const regrading: Regrading = {
      regrading_id: ids.uuid(),
      graded_at: new Date(clock.now()).toISOString(),
      graders: environment.graders,
      reward: environment.reward ?? null,
      answer: answer ?? null,
      verdict,
    };
    await store.addRegrading(id, regrading);
    return verdict;
  }

  async #judge(
    id: string,
    stored: StoredEnvironment,
    answer: string | undefined,
    signal: AbortSignal,
  ): Promise<Verdict> {
    const { store, rollouts, events, admission, profiles, clock } = this.#parts;
    const changeSet = await store.changeSet(id);
    if (changeSet === undefined)
      throw new BerthError("invalid_request", `The rollout ${id} has no stored change set to grade again.`, {
        remedy: "Grade it first; a rollout that failed or was closed before its turn ended left none.",
      });
    const began = clock.monotonic();
    let work: Promise<Verdict> | undefined;
    const { created_by, group } = await rollouts.stored(id);
    const grade = (within: AbortSignal) =>
      (work = gradeChangeSet({
        ...this.#parts,
        rolloutId: id,
        stored,
        changeSet,
        answer,
        trajectory: () => store.trajectory(id),
        profile: profileNamed(profiles, stored.environment.profile),
        signal: within,
        onProgress: (message) => events.publish(id, { type: "progress", phase: "grading again", message }),
      }));
    try {
      const deadlineMs = gradingDeadlineMs(stored.environment);
      return await admission.grade(
        { key: created_by ?? "", group: group ?? "" },
        () => withDeadline("grading", deadlineMs, grade, { parent: signal, code: "grader_timeout", clock }),
        { patienceMs: PATIENCE_MS, signal },
      );
    } catch (thrown) {
      await work?.catch(() => undefined);
      signal.throwIfAborted();
      const failure = toBerthError(thrown);
      if (failure.causedBy === "caller" || NOT_NOW.has(failure.code)) throw failure;
      return verdictOfFailure(failure, { durationMs: clock.monotonic() - began });
    }
  }
}

/** The rollout's own environment with other graders, where they are given, and the rule that goes with them. */
function regradedBy({ environment, baseDir }: StoredEnvironment, request: GradeRequest): StoredEnvironment {
  const { graders, reward, base_dir } = request;
  const { reward: own, ...rest } = environment;
  const rule = reward ?? (graders === undefined ? own : undefined);
  return {
    environment: { ...rest, graders: graders ?? environment.graders, ...(rule && { reward: rule }) },
    baseDir: graders === undefined ? baseDir : (base_dir ?? baseDir),
  };
}
