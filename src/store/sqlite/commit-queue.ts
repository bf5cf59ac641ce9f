import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { DatabaseSync } from "node:sqlite";
import { BerthError } from "../../core/errors.ts";
import { committer, type Outcome, type Write, type Written } from "./commit-together.ts";
import { openDatabase } from "./open-database.ts";

/** Writes of one transaction: those who asked for them all go on in the same turn of the event loop. */
const MOST_TOGETHER = 64;

/** A few writes may be committed on this thread where the disk takes no longer: handing them over takes as long and wakes two threads. */
const FEW = 4;
const QUICK_MS = 0.5;
/** Of the running mean of what a commit takes. */
const NEWEST_WEIGHT = 0.2;

/** What the thread answers. */
export interface Committed {
  readonly outcomes: readonly Outcome[];
  /** How long the commit took, its sync of the disk included. */
  readonly ms: number;
}

interface Waiting {
  readonly write: Write;
  readonly signal: AbortSignal;
  readonly settle: (outcome: Outcome) => void;
}

/**
 * Writes to one database file, from a thread of its own: no sync of the disk stops this one. What is asked for while a
 * commit is under way goes into the next, so that many callers share one sync.
 */
export class CommitQueue {
  readonly #thread: Worker;
  readonly #here: DatabaseSync;
  readonly #commitHere: (writes: readonly Write[]) => Outcome[];
  /** Unknown disks are slow. */
  #meanMs = Infinity;
  readonly #ended: Promise<void>;
  #waiting: Waiting[] = [];
  #committing: readonly Waiting[] = [];
  #scheduled = false;
  #failure: unknown;
  #whenIdle: (() => void) | undefined;

  private constructor(thread: Worker, here: DatabaseSync) {
    this.#thread = thread;
    this.#here = here;
    this.#commitHere = committer(here);
    this.#ended = new Promise((resolve) => {
      thread.once("exit", () => {
        this.#fail(new BerthError("storage_failed", "The thread that writes to the database has ended."));
        resolve();
      });
    });
    thread.on("error", (error) => this.#fail(error));
    thread.on("message", ({ outcomes, ms }: Committed) => this.#committed(outcomes, ms));
  }

  /** The database must be there, with its tables. */
  static open(file: string): CommitQueue {
    const here = openDatabase(file);
    const program = new URL(`./commit-thread${extname(import.meta.url)}`, import.meta.url);
    const thread = new Worker(program, { workerData: file });
    thread.unref();
    return new CommitQueue(thread, here);
  }

  /**
   * Resolves when the write is durable, or committed if its text ends in `UNSYNCED`. One that still waits when the signal aborts is not carried out.
   * @throws what the database says
   */
  write(write: Write, signal: AbortSignal): Promise<Written> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      const settle = (outcome: Outcome) => ("written" in outcome ? resolve(outcome.written) : reject(outcome.error));
      this.#waiting.push({ write, signal, settle });
      this.#schedule();
    });
  }

  /** Resolves when everything that was asked for is durable and the file is closed. */
  async close(): Promise<void> {
    const idle = new Promise<void>((resolve) => (this.#whenIdle = resolve));
    this.#schedule();
    await idle;
    this.#here.close();
    this.#thread.ref();
    this.#thread.postMessage(null);
    await this.#ended;
  }

  /** After what this turn of the event loop still asks for. */
  #schedule(): void {
    if (this.#scheduled || this.#committing.length > 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#send();
    });
  }

  #send(): void {
    if (this.#committing.length > 0) return;
    for (const { signal, settle } of this.#waiting) if (signal.aborted) settle({ error: signal.reason });
    this.#waiting = this.#waiting.filter(({ signal }) => !signal.aborted);
    this.#committing = this.#waiting.splice(0, MOST_TOGETHER);
    if (this.#committing.length === 0) return this.#whenIdle?.();
    const writes = this.#committing.map(({ write }) => write);
    this.#thread.ref();
    if (writes.length > FEW || this.#meanMs > QUICK_MS) return this.#thread.postMessage(writes);
    const began = performance.now();
    const outcomes = this.#commitHere(writes);
    this.#committed(outcomes, performance.now() - began);
  }

  #committed(outcomes: readonly Outcome[], ms: number): void {
    const mean = Number.isFinite(this.#meanMs) ? this.#meanMs : ms;
    this.#meanMs = mean + NEWEST_WEIGHT * (ms - mean);
    const committed = this.#committing;
    this.#committing = [];
    this.#thread.unref();
    if (this.#waiting.length > 0) this.#schedule();
    else this.#whenIdle?.();
    for (const [at, { settle }] of committed.entries())
      settle(outcomes[at] ?? { error: new BerthError("internal", "A write without an outcome.") });
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    const left = [...this.#committing, ...this.#waiting];
    this.#committing = [];
    this.#waiting = [];
    for (const { settle } of left) settle({ error: this.#failure });
    this.#whenIdle?.();
  }
}
