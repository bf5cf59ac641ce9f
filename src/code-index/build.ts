import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { withDeadline } from "../core/deadline.ts";
import { BerthError } from "../core/errors.ts";

/** What the thread is given. */
export interface BuildAsked {
  /** A work tree that nobody else changes. */
  readonly tree: string;
  /** The file to write. */
  readonly path: string;
  /** Reading by grammars stops after this; words go on. */
  readonly definitionsMs: number;
}

const buildMs = 900_000;
const definitionsMs = 180_000;
const heapMegabytes = 2048;

/**
 * Indexes a work tree in a thread of its own: what is in it can hold up or break no more than that.
 * @throws BerthError `internal` when the thread fails, `deadline_exceeded` after 15 minutes
 */
export async function buildIndex(
  asked: Pick<BuildAsked, "tree" | "path">,
  { signal }: { signal?: AbortSignal } = {},
): Promise<void> {
  const program = new URL(`./build-thread${extname(import.meta.url)}`, import.meta.url);
  const workerData: BuildAsked = { ...asked, definitionsMs };
  const thread = new Worker(program, { workerData, resourceLimits: { maxOldGenerationSizeMb: heapMegabytes } });
  try {
    await withDeadline("Indexing the repository", buildMs, () => ended(thread), { parent: signal });
  } finally {
    await thread.terminate();
  }
}

async function ended(thread: Worker): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const fail = (cause?: unknown) =>
      reject(new BerthError("internal", "The repository could not be indexed.", { cause }));
    thread.once("message", () => resolve());
    thread.once("error", fail);
    thread.once("exit", () => fail());
  });
}
