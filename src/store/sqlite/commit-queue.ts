import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { BerthError } from "../../core/errors.ts";
import type { Outcome, Write, Written } from "./commit-together.ts";

/** Writes of one transaction, so that no commit takes long. */
const MOST_TOGETHER = 256;

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
  readonly #ended: Promise<void>;
  #waiting: Waiting[] = [];
  #committing: readonly Waiting[] = [];
  #scheduled = false;
  #failure: unknown;
  #whenIdle: (() => void) | undefined;

  private constructor(thread: Worker) {
    this.#thread = thread;
    this.#ended = new Promise((resolve) => {
      thread.once("exit", () => {
        this.#fail(new BerthError("storage_failed", "The thread that writes to the database has ended."));
        resolve();
      });
    });
    thread.on("error", (error) => this.#fail(error));
    thread.on("message", (outcomes: Outcome[]) => this.#committed(outcomes));
  }

  /** The database must be there, with its tables. */
  static open(file: string): CommitQueue {
    const program = new URL(`./commit-thread${extname(import.meta.url)}`, import.meta.url);
    const thread = new Worker(program, { workerData: file });
    thread.unref();
    return new CommitQueue(thread);
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
    this.#thread.ref();
    this.#thread.postMessage(this.#committing.map(({ write }) => write));
  }

  #committed(outcomes: readonly Outcome[]): void {
    const committed = this.#committing;
    this.#committing = [];
    this.#thread.unref();
    this.#send();
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
