import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { withDeadline } from "../core/deadline.ts";
import { BerthError } from "../core/errors.ts";
import type { Definition, Place } from "./syntax.ts";

export interface Source {
  readonly path: string;
  readonly text: string;
}

/** What the thread is given: sources of a sandbox, that may be anything. With a name its places are sought, else definitions. */
export interface SyntaxAsked {
  readonly sources: readonly Source[];
  readonly name: string | undefined;
}

export interface SyntaxTold {
  readonly at: number;
  readonly definitions?: readonly Definition[] | undefined;
  readonly places?: readonly Place[] | undefined;
}

const readMs = 20_000;
const heapMegabytes = 512;

/**
 * What each source defines; undefined where no grammar could read it, or the time of 20 s was up. Sources are read in a thread of their
 * own, which ends with the answer.
 */
export async function definitionsIn(
  sources: readonly Source[],
  signal?: AbortSignal,
): Promise<readonly (readonly Definition[] | undefined)[]> {
  const told = await readInThread({ sources, name: undefined }, signal);
  return told.map((of) => of?.definitions);
}

/** Where a name stands in each source; undefined as for `definitionsIn`. */
export async function placesIn(
  sources: readonly Source[],
  name: string,
  signal?: AbortSignal,
): Promise<readonly (readonly Place[] | undefined)[]> {
  const told = await readInThread({ sources, name }, signal);
  return told.map((of) => of?.places);
}

async function readInThread(asked: SyntaxAsked, signal?: AbortSignal): Promise<(SyntaxTold | undefined)[]> {
  const told: (SyntaxTold | undefined)[] = asked.sources.map(() => undefined);
  if (told.length === 0) return told;
  const program = new URL(`./syntax-thread${extname(import.meta.url)}`, import.meta.url);
  const thread = new Worker(program, { workerData: asked, resourceLimits: { maxOldGenerationSizeMb: heapMegabytes } });
  try {
    await withDeadline("Reading sources", readMs, () => collect(thread, told), { parent: signal });
  } catch (thrown) {
    // What was read until then is told; the rest could not be.
    if (!(thrown instanceof BerthError && thrown.code === "deadline_exceeded") || signal?.aborted) throw thrown;
  } finally {
    await thread.terminate();
  }
  return told;
}

/** A thread that breaks has told what it had read before. */
async function collect(thread: Worker, told: (SyntaxTold | undefined)[]): Promise<void> {
  await new Promise<void>((resolve) => {
    thread.on("message", (of: SyntaxTold) => (told[of.at] = of));
    thread.once("error", () => resolve());
    thread.once("exit", () => resolve());
  });
}
