import { createReadStream } from "node:fs";
import { mkdir, open, truncate, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { BerthError } from "../core/errors.ts";
import { tryLock } from "../core/lock-file.ts";
import { modelTurn, type Exchange, type ModelTurn } from "./model/agent-model.ts";
import { sampleResult, type SampleResult } from "./sample-result.ts";

/** What must be the same whenever a run goes on. */
export const runHead = z.strictObject({
  type: z.literal("run"),
  version: z.literal(1),
  run: z.uuid(),
  started_at: z.iso.datetime(),
  model: z.string(),
  api: z.enum(["chat", "responses"]),
  /** SHA-256 of the tasks, the instructions and the fields that are sent to the model. */
  asks: z.string(),
});
export type RunHead = z.infer<typeof runHead>;

const place = { task: z.string(), sample: z.number().int().min(0) };
const entry = z.discriminatedUnion("type", [
  runHead,
  z.strictObject({ type: z.literal("begun"), ...place, attempt: z.number().int().min(1), rollout_id: z.uuid() }),
  z.strictObject({ type: z.literal("turn"), rollout_id: z.uuid(), turn: modelTurn }),
  z.strictObject({
    type: z.literal("answers"),
    rollout_id: z.uuid(),
    answers: z.array(z.string()),
    errors: z.number().int().min(0),
  }),
  z.strictObject({ type: z.literal("ended"), result: sampleResult }),
]);
export type JournalEntry = z.infer<typeof entry>;

/** A sample that was begun and has not ended. */
export interface Unfinished {
  readonly attempt: number;
  readonly rolloutId: string;
  readonly exchanges: Exchange[];
  /** Of the tool calls of the exchanges. */
  errors: number;
  /** A reply whose calls have no answers yet, or a last message. */
  pending: ModelTurn | undefined;
}

const keyOf = ({ task, sample }: { readonly task: string; readonly sample: number }): string => `${sample} ${task}`;

/** What a journal says. */
export class RunState {
  head: RunHead | undefined;
  readonly #ended = new Map<string, SampleResult>();
  readonly #unfinished = new Map<string, Unfinished>();
  readonly #byRollout = new Map<string, Unfinished>();

  ended(task: string, sample: number): SampleResult | undefined {
    return this.#ended.get(keyOf({ task, sample }));
  }

  unfinished(task: string, sample: number): Unfinished | undefined {
    return this.#unfinished.get(keyOf({ task, sample }));
  }

  get results(): SampleResult[] {
    return [...this.#ended.values()];
  }

  take(one: JournalEntry): void {
    switch (one.type) {
      case "run":
        this.head = one;
        return;
      case "begun": {
        const sample: Unfinished = {
          attempt: one.attempt,
          rolloutId: one.rollout_id,
          exchanges: [],
          errors: 0,
          pending: undefined,
        };
        this.#unfinished.set(keyOf(one), sample);
        this.#byRollout.set(one.rollout_id, sample);
        return;
      }
      case "turn": {
        const sample = this.#byRollout.get(one.rollout_id);
        if (sample) sample.pending = one.turn;
        return;
      }
      case "answers": {
        const sample = this.#byRollout.get(one.rollout_id);
        if (!sample?.pending) return;
        sample.exchanges.push({ turn: sample.pending, answers: one.answers });
        sample.errors += one.errors;
        sample.pending = undefined;
        return;
      }
      case "ended":
        this.#ended.set(keyOf(one.result), one.result);
        this.#unfinished.delete(keyOf(one.result));
        // Conversations are long; nobody needs the ones that are over.
        this.#byRollout.delete(one.result.rollout_id);
    }
  }
}

/** What a run has done, written before the next thing happens: a crash at any moment loses at most what was in flight. */
export class Journal implements AsyncDisposable {
  readonly state: RunState;
  readonly #file: FileHandle;
  readonly #lock: AsyncDisposable;
  #last: Promise<void> = Promise.resolve();

  private constructor(state: RunState, file: FileHandle, lock: AsyncDisposable) {
    this.state = state;
    this.#file = file;
    this.#lock = lock;
  }

  /** `folder` is made when it is not there. @throws BerthError `invalid_request` when another process writes it, or its journal is none */
  static async open(folder: string): Promise<Journal> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const lock = await tryLock(join(folder, "lock"));
    if (!lock)
      throw new BerthError("invalid_request", `Another run writes ${folder}.`, {
        remedy: "Wait for it, or give this run a folder of its own with --out.",
      });
    await using undone = new AsyncDisposableStack();
    undone.use(lock);
    const path = join(folder, "journal.jsonl");
    const file = await open(path, "a", 0o600);
    undone.defer(() => file.close());
    const state = await readState(path);
    undone.move();
    return new Journal(state, file, lock);
  }

  /** Resolves when it is on the disk. Entries are written in the order in which they are given. */
  append(one: JournalEntry): Promise<void> {
    const written = this.#last.then(async () => {
      await this.#file.appendFile(`${JSON.stringify(one)}\n`);
      await this.#file.datasync();
      this.state.take(one);
    });
    this.#last = written.catch(() => {});
    return written;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
    await this.#file.close();
    await this.#lock[Symbol.asyncDispose]();
  }
}

/** A last line that was cut when its writer died is taken away. */
async function readState(path: string): Promise<RunState> {
  const state = new RunState();
  const whole = await lengthOfWholeLines(path);
  if (whole > 0) {
    const lines = createInterface({ input: createReadStream(path, { encoding: "utf8", end: whole - 1 }) });
    let line = 0;
    for await (const text of lines) state.take(parsed(text, path, ++line));
  }
  await truncate(path, whole);
  return state;
}

function parsed(text: string, path: string, line: number): JournalEntry {
  try {
    return entry.parse(JSON.parse(text));
  } catch (error) {
    throw new BerthError("invalid_request", `${path}, line ${line}: it is no entry of a run's journal.`, {
      cause: error,
      remedy: "Give the run a folder of its own with --out.",
    });
  }
}

async function lengthOfWholeLines(path: string): Promise<number> {
  let length = 0;
  let whole = 0;
  for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) {
    const end = piece.lastIndexOf("\n");
    if (end >= 0) whole = length + end + 1;
    length += piece.length;
  }
  return whole;
}
