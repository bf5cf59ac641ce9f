import type { BackendName } from "./backend.ts";
import type { Scene } from "./scene.ts";

/** What a fault came to, in the words that `expected` uses, and what was counted besides. */
export interface Outcome {
  readonly result: string;
  /** Records that were answered and are not there any more, or are others. */
  readonly lost: readonly string[];
  /** Calls that left more traces than one, each with how many. */
  readonly doubled: readonly string[];
  /** What was left in a place of the fault's own; what is left in the scene is found by whoever runs the fault. */
  readonly leaks?: readonly string[];
}

/** One thing that goes wrong at one moment. */
export interface Fault {
  /** Kind and moment: `crash/call.reserved`. */
  readonly id: string;
  /** What a rollout is in when it goes wrong: a row of docs/failure-phases.md. */
  readonly phase: Phase;
  /** What dies, in words. */
  readonly what: string;
  /** What the caller sees. */
  readonly expected: string;
  /** All, when it is left out. */
  readonly backends?: readonly BackendName[];
  /** Seconds for all of it; 90 when it is left out. */
  readonly seconds?: number;
  /** Takes minutes: brought about only when asked for. */
  readonly slow?: boolean;
  readonly run: (scene: Scene) => Promise<Outcome>;
}

export const phases = ["start", "build", "create", "pool", "call", "grade", "expire", "close", "drain"] as const;
export type Phase = (typeof phases)[number];
