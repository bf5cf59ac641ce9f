import { BerthError } from "../../core/errors.ts";
import type { IdSource } from "../../core/ids.ts";
import type { KernelGraderSpec } from "../../model/graders/kernel.ts";
import { attempt } from "../clean-run/attempt.ts";
import { readText } from "../clean-run/workspace-files.ts";
import type { Grader, GradingContext, GradingSandbox, HiddenFile, PartResult } from "../grader.ts";
import { part } from "../part.ts";
import { analyseInThread } from "./analyser.ts";
import { idleSource } from "./harness.ts";
import { importFault } from "./imports.ts";
import { measure, type Disproof, type Measured } from "./measure.ts";
import { geometricMean, shapedReward } from "./shaping.ts";
import { sizesFault } from "./signature.ts";
import { Workbench, type WorkbenchOptions } from "./workbench.ts";

/** The largest source that is compiled, in bytes. */
const mostSourceBytes = 1024 ** 2;

type Result = { readonly measured: readonly Measured[] } | Disproof;

/**
 * Whether a kernel is right on inputs that nobody has seen, and how much faster it is than the task's reference. The
 * reference runs in a sandbox that never sees the policy's code, and what it computed stays in the controller; the policy's
 * code runs in another, which holds no right answer. The clock is the guest's.
 */
export function createKernelGrader(ids: IdSource): Grader<KernelGraderSpec> {
  return {
    type: "kernel",
    async check(spec, task) {
      assertDevice(spec);
      const fault = sizesFault(spec);
      if (fault !== undefined) throw new BerthError("invalid_environment", `graders: ${spec.name}: ${fault}.`);
      await task.assertHiddenFolder(spec.files);
    },

    async grade(spec, context) {
      assertDevice(spec);
      const hidden = await context.hiddenFiles(spec.files);
      const reference = textOf(hidden, spec.reference);
      const exact = spec.exact === undefined ? undefined : textOf(hidden, spec.exact);
      const options: WorkbenchOptions = {
        spec,
        ids,
        signal: context.signal,
        timeoutMs: context.environment.budget.grading_seconds * 1000,
      };
      context.onProgress("Compiling the reference in a clean sandbox");
      await using sandbox = await context.openSandbox();
      const source = await sourceOf(spec, context, sandbox);
      const fault = await sourceFault(source, spec, context.signal);
      if (fault !== undefined) return failed(spec, fault);

      const bench = new Workbench(sandbox, options);
      await mustCompile(bench.program("program", false), "the program around a kernel");
      await mustCompile(bench.library("reference", reference), spec.reference);
      await mustCompile(bench.library("idle", idleSource(spec)), "a function that does nothing");
      if (exact !== undefined) {
        await mustCompile(bench.program("program-exact", true), "the program around the exact function");
        await mustCompile(bench.library("exact", exact, true), spec.exact ?? "");
      }
      const tryIt = () =>
        attempt(context, async (other) => ({
          result: await blamingOurselves(() => measureAll(other, bench, source ?? "", options, context)),
        }));
      let tried = await tryIt();
      if (tried.kind === "died" && tried.error.causedBy === "infra") tried = await tryIt();
      if (tried.kind === "died") {
        if (tried.error.causedBy !== "infra") throw tried.error;
        // The reference's sandbox still answers: the machine is well, and only the candidate's died, twice.
        await sandbox.guest.health({ signal: context.signal });
        return failed(spec, { flags: ["sandbox_died"], says: "The kernel's sandbox dies whenever the kernel runs." });
      }
      return partOf(spec, tried.result);
    },
  };
}

/** @throws BerthError `capability_missing` */
function assertDevice({ name, language, device }: KernelGraderSpec): void {
  if (device === "cpu" && language === "c") return;
  const asks = device === "gpu" ? "device: gpu" : `language: ${language}`;
  throw new BerthError(
    "capability_missing",
    `graders: ${name}: ${asks} needs the capability gpu, and no provider gives its sandboxes one; on the CPU there is language: c.`,
  );
}

/** What the guest refuses here was asked by this grader: the policy's code is told by how its process ends. */
async function blamingOurselves<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof BerthError) || thrown.causedBy !== "policy") throw thrown;
    throw new BerthError("grader_failed", `The kernel could not be measured: ${thrown.message}`, { cause: thrown });
  }
}

async function measureAll(
  sandbox: GradingSandbox,
  reference: Workbench,
  source: string,
  options: WorkbenchOptions,
  { onProgress }: GradingContext,
): Promise<Result> {
  const { spec, ids } = options;
  const candidate = new Workbench(sandbox, options);
  await mustCompile(candidate.program("program", false), "the program around a kernel");
  const complaint = await candidate.library("candidate", source);
  if (complaint !== undefined) return { flags: [], says: `The kernel does not compile: ${complaint.slice(0, 300)}` };
  const imports = await candidate.imports("candidate");
  if (imports === undefined)
    throw new BerthError("invalid_environment", "image: has no nm, so nobody knows what a kernel calls.");
  const fault = importFault(imports, spec.allow_calls);
  if (fault !== undefined) return { flags: [fault.flag], says: fault.says };
  const measured: Measured[] = [];
  for (const [index, sizes] of spec.sizes.entries()) {
    onProgress(`Timing size ${index + 1} of ${spec.sizes.length} in turns with the reference`);
    const result = await measure({ reference, candidate }, spec, sizes, ids);
    if ("says" in result) return result;
    measured.push(result);
  }
  const noisy = measured.find(({ noise }) => noise > spec.max_noise);
  if (noisy)
    throw new BerthError(
      "grader_failed",
      `The reference's times lie ${Math.round(noisy.noise * 100)} % apart: the machine is too busy to time a kernel.`,
    );
  return { measured };
}

/** The policy's version of the file, or the snapshot's; undefined when there is none. */
async function sourceOf(
  spec: KernelGraderSpec,
  { changeSet, signal }: GradingContext,
  sandbox: GradingSandbox,
): Promise<string | undefined> {
  const written = changeSet.written.find(({ path }) => path === spec.file);
  if (written) return Buffer.from(written.content, "base64").toString("utf8");
  return changeSet.deleted.includes(spec.file) ? undefined : await readText(sandbox.guest, spec.file, { signal });
}

async function sourceFault(
  source: string | undefined,
  spec: KernelGraderSpec,
  signal: AbortSignal,
): Promise<Disproof | undefined> {
  if (source === undefined) return { flags: ["kernel_missing"], says: `There is no file ${spec.file}.` };
  if (Buffer.byteLength(source) > mostSourceBytes)
    return { flags: [], says: `${spec.file} is larger than ${mostSourceBytes} bytes.` };
  const { function: name, allow_calls, language } = spec;
  if (language === "triton") throw new BerthError("capability_missing", "No source in Python is analysed.");
  const fault = await analyseInThread({ source, spec: { function: name, allow_calls, language } }, signal);
  return fault && { flags: [fault.flag], says: fault.says };
}

function textOf(files: readonly HiddenFile[], path: string): string {
  const file = files.find((one) => one.path === path);
  if (file === undefined) throw new BerthError("invalid_environment", `graders: the hidden files have no ${path}.`);
  return Buffer.from(file.content).toString("utf8");
}

async function mustCompile(compiling: Promise<string | undefined>, what: string): Promise<void> {
  const complaint = await compiling;
  if (complaint !== undefined)
    throw new BerthError("invalid_environment", `${what} does not compile in the image: ${complaint.slice(0, 500)}`);
}

function partOf(spec: KernelGraderSpec, result: Result): PartResult {
  if ("says" in result) return failed(spec, result);
  const speedup = geometricMean(result.measured.map((one) => one.speedup));
  const reward = shapedReward(speedup, { target: spec.target_speedup, correct: spec.correct_reward });
  const summary = `Correct on every input, and ${speedup.toFixed(2)} times as fast as the reference.`;
  return part(spec, reward, summary, { speedup, sizes: result.measured });
}

const failed = (spec: KernelGraderSpec, { flags, says }: Disproof): PartResult =>
  part(spec, 0, says.slice(0, 500), {}, flags);
