/** The right to write about a rollout: who holds it, and for the how manieth time it came to be held. */
export interface Claim {
  readonly controller: string;
  readonly epoch: number;
}

/** A process that starts sandboxes: a controller, or a command that builds something. */
export interface LeaseHolder {
  /** Of this one process, never used again. */
  readonly id: string;
  readonly role: "controller" | "command";
  /** Where other controllers reach it; null where they cannot. */
  readonly url: string | null;
}

/** Who holds a rollout now. */
export interface Holder extends Claim {
  readonly url: string | null;
}

/**
 * Which processes live, and which of them holds which rollout. A lease ends by one clock, the store's: nobody's own is
 * compared with another's. @throws BerthError `storage_failed`
 */
export interface Leases {
  /** Begins the lease or prolongs it: it ends `leaseMs` from now, or later. */
  renew(holder: LeaseHolder, leaseMs: number): Promise<void>;
  /** Ends it at once: what it held is free. */
  release(id: string): Promise<void>;
  /** Ends those of all controllers: of use to one that knows that no other can be left. */
  releaseControllers(): Promise<void>;
  /** Those whose lease has not ended. */
  live(): Promise<LeaseHolder[]>;

  /** Takes a rollout that nobody live but this controller holds; undefined when it is another's, or this one's own lease has ended. */
  claim(rolloutId: string, controller: string): Promise<Claim | undefined>;
  /** Gives a rollout back; nothing when it is no longer held by this claim. */
  giveBack(rolloutId: string, claim: Claim): Promise<void>;
  /** The one whose lease has not ended; undefined when a rollout is free, or unknown. */
  holder(rolloutId: string): Promise<Holder | undefined>;
  /** Unfinished rollouts that nobody live holds, and those of one holder besides; oldest first. */
  free(limit: number, orOf?: string): Promise<string[]>;
}

/** What the writes of one process about rollouts rest on. */
export interface Fences {
  /** Who writes. */
  readonly controller: string;
  /** The claim that a write needs to stand; undefined when none is held: only what has ended can be written about then. @throws BerthError `fenced` */
  of(rolloutId: string): Claim | undefined;
  /** Hears of a rollout that was made under this claim. */
  took(rolloutId: string, claim: Claim): void;
  /** Hears that a write was refused: another holds the rollout. */
  lost(rolloutId: string): void;
}
