import type { ChangeSet } from "../model/change-set.ts";
import type { EgressRecord } from "../model/egress.ts";
import type { Environment } from "../model/environment.ts";
import type { Regrading } from "../model/regrading.ts";
import type { Rollout } from "../model/rollout.ts";
import type { Outcome } from "../model/summary.ts";
import type { ToolEffect, ToolOutput } from "../model/tool-call.ts";
import type { TrajectoryRecord } from "../model/trajectory.ts";
import type { Verdict } from "../model/verdict.ts";
import type { AuditLog } from "./audit-log.ts";
import type { Fences, Leases } from "./leases.ts";

/** A registered environment with the folder that its relative paths start from. */
export interface StoredEnvironment {
  readonly environment: Environment;
  readonly baseDir: string | null;
}

/** A sandbox that was asked for, written before the provider is. */
export interface SandboxIntent {
  readonly id: string;
  readonly provider: string;
  readonly purpose: string;
  readonly incarnation: string;
}

/** An intent with the process that asked for the sandbox or took it over; null when nobody said. */
export interface HeldIntent extends SandboxIntent {
  readonly controller: string | null;
}

export interface NewRollout {
  readonly id: string;
  readonly environment: StoredEnvironment;
  readonly group: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly provider: string;
  readonly createdAt: string;
  /** Who created it. */
  readonly createdBy?: string | null;
  /** ISO 8601; when its sandbox must be ready. */
  readonly readyBy?: string | null;
}

/** A place in the list of rollouts, newest first and then by id: behind one rollout, or behind everything since a time. */
export interface RolloutCursor {
  /** ISO 8601 in UTC, with milliseconds. */
  readonly createdAt: string;
  readonly id?: string;
}

export interface RolloutQuery {
  readonly limit: number;
  readonly before?: RolloutCursor;
  readonly status?: Rollout["status"][];
  readonly group?: string;
}

export interface OutcomeQuery {
  readonly group?: string;
  readonly environment?: string;
  /** ISO 8601 in UTC: created then or later. */
  readonly since?: string;
}

export type RolloutPatch = Partial<
  Pick<Rollout, "status" | "snapshot" | "error" | "active_at" | "first_result_at" | "ended_at">
>;

export interface CallReservation {
  readonly callId: string;
  readonly tool: string;
  readonly effect: ToolEffect | null;
  readonly arguments: unknown;
  readonly startedAt: string;
}

export type Reserved =
  /** The call is new: run it. */
  | { readonly kind: "new"; readonly seq: number }
  /** The call was seen before, in this state. */
  | { readonly kind: "known"; readonly record: TrajectoryRecord };

/**
 * The durable record. The port: every adapter passes one suite. A method that writes resolves only when what it wrote
 * survives a crash. What is asked for about one rollout (`updateRollout`, `reserveCall`, `recordIntent` of its sandbox) is
 * written in the order of asking, also when nobody waits in between. @throws BerthError `storage_failed`; `fenced` by a store
 * with fences, when another controller holds the rollout
 */
export interface Store {
  readonly audit: AuditLog;
  /** Which processes live and what each holds. */
  readonly leases: Leases;
  /** The same store, whose writes about rollouts are carried out only while the claims that they rest on stand. */
  fencedBy(fences: Fences): Store;

  registerEnvironment(stored: StoredEnvironment): Promise<void>;
  environment(name: string): Promise<StoredEnvironment | undefined>;
  environments(): Promise<StoredEnvironment[]>;

  /** Idempotent by id: gives the rollout that is there, and whether it was made now. */
  createRollout(rollout: NewRollout): Promise<{ rollout: Rollout; created: boolean }>;
  rollout(id: string): Promise<Rollout | undefined>;
  /** The environment as it was when the rollout was created. */
  rolloutEnvironment(id: string): Promise<StoredEnvironment | undefined>;
  /** Newest first; of those created in the same millisecond, by id. `before` gives what comes behind it. */
  rollouts(query: RolloutQuery): Promise<Rollout[]>;
  /** Of rollouts in one of these states, each once. */
  snapshotsOf(status: readonly Rollout["status"][]): Promise<string[]>;
  /** A rollout that has ended keeps its status: a patch with one is not written then. Gives whether it was written. */
  updateRollout(id: string, patch: RolloutPatch): Promise<boolean>;

  /**
   * At most one reservation per (rollout, call id). That of a `read` outlives the process; it need not outlive a failure
   * of power before the call's result does.
   */
  reserveCall(rolloutId: string, call: CallReservation): Promise<Reserved>;
  finishCall(rolloutId: string, callId: string, result: ToolOutput, durationMs: number): Promise<void>;
  /** Its controller died: calls of a rollout that were running then become `unknown`. Gives how many. */
  markInterruptedCalls(rolloutId: string): Promise<number>;
  /** One call whose outcome cannot be known. */
  markCallUnknown(rolloutId: string, callId: string): Promise<void>;
  trajectory(rolloutId: string): Promise<TrajectoryRecord[]>;

  /** Replaces what was stored. */
  saveEgress(rolloutId: string, record: EgressRecord): Promise<void>;
  /** Nothing counted when nothing is stored. */
  egress(rolloutId: string): Promise<EgressRecord>;

  saveChangeSet(rolloutId: string, changeSet: ChangeSet): Promise<void>;
  changeSet(rolloutId: string): Promise<ChangeSet | undefined>;
  /** The first verdict stays, with the answer that it judged: gives the one that is stored. */
  saveVerdict(rolloutId: string, verdict: Verdict, answer?: string): Promise<Verdict>;
  /** What the stored verdict judged. */
  answer(rolloutId: string): Promise<string | undefined>;
  /** Kept beside the verdict; nothing is replaced. */
  addRegrading(rolloutId: string, regrading: Regrading): Promise<void>;
  /** In the order in which they were made. */
  regradings(rolloutId: string): Promise<Regrading[]>;

  /** How many rollouts came to the same. */
  outcomes(query: OutcomeQuery): Promise<Outcome[]>;

  /** `rolloutId`: of a sandbox that a rollout's policy works in. Again: it has this purpose from now on, and is this process's. */
  recordIntent(intent: SandboxIntent, rolloutId?: string): Promise<void>;
  forgetIntent(sandboxId: string): Promise<void>;
  /** All of them, or those with one of some purposes. */
  intents(query?: { purposes: readonly string[] }): Promise<HeldIntent[]>;

  /** Of rollouts that ended before `time` (ISO 8601 in UTC, with milliseconds). */
  countEndedBefore(time: string): Promise<number>;
  /**
   * Removes at most so many rollouts that ended before `time`, those that ended first, with their trajectories, change
   * sets, egress and regradings. Gives how many were chosen: fewer than `most` when no more are left. A crash in between leaves a
   * rollout without some of these, for the next time.
   */
  removeEndedBefore(time: string, most: number): Promise<number>;

  /** The identity of this installation, the owner on every sandbox: the first one that was proposed. */
  installationId(proposed: string): Promise<string>;
  /** What keys of single rollouts are derived from, the same for all controllers: the first one that was proposed. Never leaves the controllers. */
  rolloutKeySecret(proposed: string): Promise<string>;
  /** Where the sandboxes of this installation are, as `setPlace` said last; undefined before. */
  place(): Promise<string | undefined>;
  setPlace(place: string): Promise<void>;

  close(): Promise<void>;
}
