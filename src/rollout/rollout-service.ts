import type { EnvironmentInput, Environment } from "../model/environment.ts";
import type { Regrading } from "../model/regrading.ts";
import type { CreateRolloutRequest, Rollout } from "../model/rollout.ts";
import type { RolloutSummary } from "../model/summary.ts";
import type { OpenTerminalRequest, TerminalInput, TerminalOutput, TerminalReport } from "../model/terminal.ts";
import type { ToolCallRequest, ToolCallResult } from "../model/tool-call.ts";
import type { RolloutEvent, Trajectory } from "../model/trajectory.ts";
import type { GradeRequest, Verdict } from "../model/verdict.ts";
import type { DoorTool, Tool } from "../tool/tool.ts";
import type { ExportedRollout } from "./export/exported.ts";
import type { OutcomeQuery, RolloutQuery } from "../store/store.ts";

/** The terminals of one rollout's sandbox; every method may be asked again. */
export interface RolloutTerminals {
  /** `by`: who asked, for the audit log. @throws BerthError `session_exists`, `session_limit` */
  open(request: OpenTerminalRequest, by?: string): Promise<TerminalReport>;
  list(): Promise<readonly TerminalReport[]>;
  /** This and the rest throw BerthError `unknown_session`. */
  state(name: string): Promise<TerminalReport>;
  /** Waits until there is output beyond `offset`, at most `waitMs`; gives at most 64 KiB. */
  output(name: string, from: { offset: number; waitMs: number }, signal: AbortSignal): Promise<TerminalOutput>;
  /** Gives how many bytes of the writer have been typed. */
  input(name: string, typed: TerminalInput): Promise<number>;
  resize(name: string, size: { rows: number; columns: number }): Promise<void>;
  /** Kills all that was started in it. */
  close(name: string): Promise<TerminalReport>;
}

/** `url` is null while the other cannot be reached. */
export type Whereabouts = "here" | { readonly controller: string; readonly url: string | null };

/**
 * The story of a rollout, as every door (HTTP, dialects, CLI) uses it. All methods are idempotent and throw BerthError.
 */
export interface RolloutService {
  /**
   * Journals the rollout and starts preparing it; does not wait for the sandbox. `created` is false when it was there. `by`: the name of who
   * asks, whose turn it takes.
   * @throws BerthError `overloaded` and `queue_deadline` with when to come again; those of the environment
   */
  create(request: CreateRolloutRequest, by?: string): Promise<{ rollout: Rollout; created: boolean }>;
  /** Waits until the rollout is active or ended, at most `timeoutMs`. */
  waitUntilSettled(rolloutId: string, timeoutMs: number): Promise<Rollout>;
  get(rolloutId: string): Promise<Rollout>;
  list(query: RolloutQuery): Promise<Rollout[]>;
  /** Every scored rollout, newest first, read from the store as it is asked for. */
  exported(query: { group?: string }): AsyncIterable<ExportedRollout>;
  /** How many came to what, and who caused it. */
  summary(query: OutcomeQuery): Promise<RolloutSummary>;
  trajectory(rolloutId: string): Promise<Trajectory>;
  /** What happens from now on, after the present status; ends with the rollout or the signal. */
  events(rolloutId: string, signal: AbortSignal): AsyncIterable<RolloutEvent>;

  /**
   * Waits until the sandbox is ready, runs the tool at most once per call id, and resolves when the result is durable.
   * @throws BerthError `unknown_tool`, `invalid_arguments` (not run), `call_conflict`, `outcome_unknown`, `budget_exhausted`,
   * `rollout_closed`, `call_cancelled`, and why the rollout failed when it did
   */
  callTool(rolloutId: string, tool: string, request: ToolCallRequest): Promise<ToolCallResult>;
  /** As `callTool`, with a tool that a door brings: it is recorded by its name like the others, and `unknown_tool` where the environment lacks what it needs. */
  callDoorTool(rolloutId: string, tool: DoorTool, request: ToolCallRequest): Promise<ToolCallResult>;
  /**
   * Ends a call that is in flight: one that has not begun does not run, and a command is killed with all that it started; its outcome is then
   * `cancelled`. What reads or writes files comes to its end. False when no such call is in flight here.
   */
  cancelCall(rolloutId: string, callId: string): boolean;
  /** The tools that the rollout's environment names, in its order. @throws BerthError `unknown_rollout` */
  tools(rolloutId: string): Promise<readonly Tool[]>;

  /** Waits until the sandbox is ready. What is done in terminals is not in the trajectory. @throws BerthError `rollout_closed`, and why the rollout failed */
  terminals(rolloutId: string): Promise<RolloutTerminals>;

  /** Ends the policy's turn, grades in a clean sandbox, and resolves when the verdict is durable; again → the same verdict. */
  grade(rolloutId: string, request: GradeRequest, by?: string): Promise<Verdict>;

  /**
   * Grades the stored change set once more, by other graders where the request names them; the stored verdict stands, and this
   * one is kept beside it. @throws BerthError `invalid_request`, `invalid_environment`
   */
  regrade(rolloutId: string, request: GradeRequest): Promise<Verdict>;
  regradings(rolloutId: string): Promise<Regrading[]>;

  /** Resolves only when nothing of the rollout but its record is left. */
  close(rolloutId: string, by?: string): Promise<Rollout>;

  /** Checks, fills in defaults and keeps an environment. `baseDir`: where its relative paths start. */
  registerEnvironment(input: EnvironmentInput, baseDir: string | null, by?: string): Promise<Environment>;
  environments(): Promise<Environment[]>;
  /** What its policies are offered. @throws BerthError `unknown_environment` */
  toolsOf(environmentName: string): Promise<readonly Tool[]>;
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
