import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { withDeadline } from "../../core/deadline.ts";
import { BerthError } from "../../core/errors.ts";
import type { analyseC, SourceFault } from "./analysis.ts";

/** What the thread is given. */
export interface Asked {
  readonly source: string;
  readonly spec: Parameters<typeof analyseC>[1];
}

/** Many times what the bounds of the parser let a source take on a busy machine. */
const analysisMs = 60_000;

/**
 * What is wrong with a source, found by a thread that is made for it and ends with it: a source cannot hold up the
 * controller, nor break or fill its memory. The parser is loaded there.
 * @throws BerthError `grader_failed` when the thread ends without a finding, or takes longer than 60 s
 */
export async function analyseInThread(asked: Asked, parent?: AbortSignal): Promise<SourceFault | undefined> {
  const program = new URL(`./analysis-thread${extname(import.meta.url)}`, import.meta.url);
  const thread = new Worker(program, { workerData: asked, resourceLimits: { maxOldGenerationSizeMb: 512 } });
  try {
    return await withDeadline("Reading the kernel's source", analysisMs, () => findingOf(thread), {
      parent,
      code: "grader_failed",
    });
  } finally {
    await thread.terminate();
  }
}

async function findingOf(thread: Worker): Promise<SourceFault | undefined> {
  return await new Promise((resolve, reject) => {
    const fail = (cause?: unknown) =>
      reject(new BerthError("grader_failed", "The kernel's source could not be analysed.", { cause }));
    thread.once("message", ({ fault }: { fault: SourceFault | undefined }) => resolve(fault));
    thread.once("error", fail);
    thread.once("exit", () => fail());
  });
}
