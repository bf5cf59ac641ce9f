import type { EnvironmentInput, Environment } from "../model/environment.ts";
import type { CreateRolloutRequest, Rollout } from "../model/rollout.ts";
import type { ToolCallRequest, ToolCallResult } from "../model/tool-call.ts";
import type { RolloutEvent, Trajectory } from "../model/trajectory.ts";
import type { GradeRequest, Verdict } from "../model/verdict.ts";
import type { RolloutQuery } from "../store/store.ts";

/** `url` is null while the other cannot be reached. */
export type Whereabouts = "here" | { readonly controller: string; readonly url: string | null };

/**
 * The story of a rollout, as every door (HTTP, dialects, CLI) uses it. All methods are idempotent and throw BerthError.
 */
export interface RolloutService {
  /** Journals the rollout and starts preparing it; does not wait for the sandbox. `created` is false when it was there. */
  create(request: CreateRolloutRequest): Promise<{ rollout: Rollout; created: boolean }>;
  /** Waits until the rollout is active or ended, at most `timeoutMs`. */
  waitUntilSettled(rolloutId: string, timeoutMs: number): Promise<Rollout>;
  get(rolloutId: string): Promise<Rollout>;
  list(query: RolloutQuery): Promise<Rollout[]>;
  trajectory(rolloutId: string): Promise<Trajectory>;
  /** What happens from now on, after the present status; ends with the rollout or the signal. */
  events(rolloutId: string, signal: AbortSignal): AsyncIterable<RolloutEvent>;

  /**
   * Waits until the sandbox is ready, runs the tool at most once per call id, and resolves when the result is durable.
   * @throws BerthError `unknown_tool`, `invalid_arguments` (not run), `call_conflict`, `outcome_unknown`, `budget_exhausted`,
   * `rollout_closed`, and why the rollout failed when it did
   */
  callTool(rolloutId: string, tool: string, request: ToolCallRequest, signal?: AbortSignal): Promise<ToolCallResult>;

  /** Ends the policy's turn, grades in a clean sandbox, and resolves when the verdict is durable; again → the same verdict. */
  grade(rolloutId: string, request: GradeRequest): Promise<Verdict>;

  /** Resolves only when nothing of the rollout but its record is left. */
  close(rolloutId: string): Promise<Rollout>;

  /** Checks, fills in defaults and keeps an environment. `baseDir`: where its relative paths start. */
  registerEnvironment(input: EnvironmentInput, baseDir: string | null): Promise<Environment>;
  environments(): Promise<Environment[]>;
  /** Builds the environment's snapshot unless it is there. */
  buildEnvironment(
    name: string,
    onProgress: (message: string) => void,
  ): Promise<{ snapshot: string; built: boolean; durationMs: number }>;
  removeSnapshot(environmentName: string): Promise<boolean>;

  /**
   * Who answers for a rollout: this controller, which takes over what nobody holds, or another that lives. One that is unknown is
   * answered for here. @throws BerthError `fenced`, `shutting_down`
   */
  locate(rolloutId: string): Promise<Whereabouts> | Whereabouts;

  /** Takes no new work, lets running calls end within `graceMs`, keeps the sandboxes for the next controller, which may have each as soon as its calls have ended. */
  drain(graceMs: number): Promise<void>;
}
