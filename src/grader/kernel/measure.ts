import { BerthError } from "../../core/errors.ts";
import type { KernelGraderSpec } from "../../model/graders/kernel.ts";
import type { CommandRun } from "../clean-run/run-command.ts";
import type { IdSource } from "../../core/ids.ts";
import { compareOutputs } from "./compare.ts";
import { median, timingOf, type Timing } from "./shaping.ts";
import type { RunRequest, Workbench } from "./workbench.ts";

/** What the policy's code did wrong, which is a 0. */
export interface Disproof {
  readonly flags: readonly string[];
  readonly says: string;
}

export interface Measured extends Timing {
  readonly sizes: Readonly<Record<string, number>>;
  /** Medians of whole processes, in milliseconds. */
  readonly candidateMs: number;
  readonly referenceMs: number;
  readonly idleMs: number;
  /** Relative, over all outputs; of the candidate. */
  readonly error: number;
}

export interface Benches {
  /** Never holds anything of the policy's. Knows `reference`, `idle` and, where the task has one, `exact`. */
  readonly reference: Workbench;
  /** Holds nothing of the task's. Knows `candidate`. */
  readonly candidate: Workbench;
}

/** A kernel may take this many times the reference's time before it is ended. */
const patience = 20;
const leastPatienceMs = 10_000;

/** Of `rounds` rounds each: as many as it takes until a gain is proven or gone. */
const mostSeries = 4;

interface Times {
  readonly candidateMs: number[];
  readonly referenceMs: number[];
  readonly idleMs: number[];
}

/**
 * Runs candidate and reference in turns on the same fresh inputs, each in its own sandbox, and compares every output of
 * every run. A gain that a noisy machine leaves unproven is measured longer, and then is none.
 * @throws BerthError `invalid_environment` when the reference is at fault, `grader_failed` when the machine is too busy
 */
export async function measure(
  benches: Benches,
  spec: KernelGraderSpec,
  sizes: Readonly<Record<string, number>>,
  ids: IdSource,
): Promise<Measured | Disproof> {
  const times: Times = { candidateMs: [], referenceMs: [], idleMs: [] };
  let error = 0;
  for (let series = 1; ; series += 1) {
    for (let round = 0; round < spec.rounds; round += 1) {
      const inputs = { seed: ids.hex(8), sizes };
      const compared = await runRound(benches, spec, inputs, times);
      if ("says" in compared) return compared;
      error = Math.max(error, compared.error);
    }
    const [slow, idle] = [median(times.referenceMs), median(times.idleMs)];
    mustWorkLongEnough(slow, idle, spec);
    const { speedup, noise } = timingOf(times);
    if (speedup === undefined && series < mostSeries) continue;
    const candidateMs = median(times.candidateMs);
    return { speedup: speedup ?? 1, noise, sizes, error, candidateMs, referenceMs: slow, idleMs: idle };
  }
}

/** One run of each program, the candidate first in every other round. */
async function runRound(
  { reference, candidate }: Benches,
  spec: KernelGraderSpec,
  inputs: RunRequest,
  { candidateMs, referenceMs, idleMs }: Times,
): Promise<{ readonly error: number } | Disproof> {
  const round = candidateMs.length;
  const ofReference = async () => {
    const run = await reference.run("program", "reference", inputs);
    referenceMs.push(run.result.durationMs);
    return wholeOf(run, "reference");
  };
  let expected = round % 2 === 0 ? await ofReference() : undefined;
  const timeoutMs = Math.ceil(Math.max(leastPatienceMs, patience * (referenceMs.at(-1) ?? 0)));
  const run = await candidate.run("program", "candidate", { ...inputs, timeoutMs });
  expected ??= await ofReference();
  const fault = faultOf(run) ?? ((await candidate.unchanged()) ? undefined : replaced);
  if (fault) return fault;
  candidateMs.push(run.result.durationMs);
  const idle = await reference.run("program", "idle", inputs);
  wholeOf(idle, "program around a kernel");
  idleMs.push(idle.result.durationMs);

  const exact =
    spec.exact !== undefined && round === 0
      ? wholeOf(await reference.run("program-exact", "exact", inputs), "exact function")
      : undefined;
  const compared = taskFaults(() =>
    compareRound({ got: run.report ?? Buffer.alloc(0), expected, exact }, spec, inputs.sizes),
  );
  if (compared.correct) return { error: compared.error };
  return { flags: compared.flags, says: `The kernel is not correct: ${compared.fault ?? "outputs differ"}` };
}

function compareRound(
  { got, expected, exact }: { got: Buffer; expected: Buffer; exact: Buffer | undefined },
  spec: KernelGraderSpec,
  sizes: Readonly<Record<string, number>>,
) {
  if (exact === undefined) return compareOutputs({ candidate: got, expected, exact: false }, spec, sizes);
  const referenceError = compareOutputs({ candidate: expected, expected: exact, exact: true }, spec, sizes).error;
  return compareOutputs({ candidate: got, expected: exact, exact: true, referenceError }, spec, sizes);
}

function mustWorkLongEnough(referenceMs: number, idleMs: number, { name }: KernelGraderSpec): void {
  if (referenceMs - idleMs >= 0.2 * idleMs) return;
  throw new BerthError(
    "invalid_environment",
    `sizes: the reference of ${name} works for ${(referenceMs - idleMs).toFixed(1)} ms in a program of ${idleMs.toFixed(1)} ms: too little to be timed.`,
  );
}

const replaced: Disproof = { flags: ["program_replaced"], says: "A run of the kernel replaced what was compiled." };

function faultOf({ result, report, reportFault }: CommandRun): Disproof | undefined {
  const { outcome, survivorsKilled } = result;
  if (survivorsKilled > 0)
    return {
      flags: ["left_processes"],
      says: "The kernel left processes behind, which could work while no clock runs.",
    };
  if (outcome.type === "timed_out") return { flags: [], says: "The kernel took too long." };
  if (outcome.type === "exited" && outcome.code === 0 && report !== undefined) return undefined;
  const ended = outcome.type === "exited" ? `exited with ${outcome.code}` : `was ended: ${outcome.type}`;
  const flags = outcome.type === "exited" && outcome.code === 0 ? ["exited_early"] : [];
  return { flags, says: `The kernel's process ${ended}${reportFault === undefined ? "" : `, and ${reportFault}`}.` };
}

function wholeOf({ result, report, reportFault }: CommandRun, what: string): Buffer {
  if (result.outcome.type === "exited" && result.outcome.code === 0 && report !== undefined) return report;
  throw new BerthError(
    "invalid_environment",
    `The ${what} does not run: ${(result.stderr.tail || reportFault || JSON.stringify(result.outcome)).trim().slice(0, 500)}`,
  );
}

function taskFaults<T>(work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    throw new BerthError("invalid_environment", `The reference cannot be compared with: ${thrown.message}.`, {
      cause: thrown,
    });
  }
}
