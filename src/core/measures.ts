import type { ErrorReport } from "./errors.ts";

/** Why something failed, by the error table. */
export type MeasuredFailure = Pick<ErrorReport, "code" | "cause">;

/**
 * What the time of one tool call is spent on. `sandbox`: waiting until the rollout has one; `order`: waiting for calls that
 * came before; `run`: the tool at work, the way into the sandbox and back included; `controller`: all the rest.
 */
export type CallPhase = "sandbox" | "order" | "run" | "controller";

export interface MeasuredCall {
  readonly tool: string;
  /** Seconds; their sum is the time from the call's arrival to its durable result. */
  readonly spent: Readonly<Record<CallPhase, number>>;
  readonly failure: MeasuredFailure | undefined;
}

/** What waits for a sandbox: a rollout, from its acceptance on, or its grading. */
export type WaitingKind = "rollout" | "grading";

/** How many of its own group waited when it came: none, up to 15, or more. */
export type Crowd = "alone" | "few" | "many";

export interface MeasuredGrading {
  readonly status: "scored" | "unscored";
  /** From the request to the durable verdict, clean sandboxes included. */
  readonly seconds: number;
  /** Why it is unscored. */
  readonly failure: MeasuredFailure | undefined;
}

/**
 * Told what happens, as it happens. Given finite numbers, no method throws or takes more than microseconds, and none keeps more than a bounded
 * number of the names that it is told, whoever chose them. All times are in seconds.
 */
export interface Measures {
  /** How many of a kind wait for their turn now, and since when the oldest of them does: Unix milliseconds. */
  waiting(kind: WaitingKind, count: number, oldestSinceMs: number | undefined): void;
  /** One of them had its turn, or gave up. */
  waited(kind: WaitingKind, crowd: Crowd, seconds: number): void;
  /** From the start of a preparation to a sandbox that shook hands, taken from the pool or started for it. */
  provisioned(source: "pool" | "cold", seconds: number): void;
  /** How many sandboxes the pool has ready for an environment, each time that this changes. */
  poolReady(environment: string, count: number): void;
  /** The pool had a sandbox for a rollout of the environment. */
  poolHit(environment: string): void;
  poolMiss(environment: string): void;
  /** A sandbox shook hands (1), or was seen to be gone (-1). `purpose`: what it was started for, in one word. */
  sandboxes(purpose: string, change: 1 | -1): void;
  /** The status of a rollout that the controller holds; undefined before it is held and when it no longer is. */
  rolloutMoved(from: string | undefined, to: string | undefined): void;
  rolloutEnded(status: "closed" | "failed" | "expired", failure: MeasuredFailure | undefined): void;
  /** From a rollout's creation to its first durable result. */
  firstResult(seconds: number): void;
  /** Once for a call id: what is replayed or joined is not told again. */
  toolCall(call: MeasuredCall): void;
  graded(grading: MeasuredGrading): void;
}

/** For whoever has no use for figures. */
export const noMeasures: Measures = {
  waiting() {},
  waited() {},
  provisioned() {},
  poolReady() {},
  poolHit() {},
  poolMiss() {},
  sandboxes() {},
  rolloutMoved() {},
  rolloutEnded() {},
  firstResult() {},
  toolCall() {},
  graded() {},
};
