import { systemClock, type Clock } from "../core/clock.ts";
import { systemIds } from "../core/ids.ts";
import { BerthError, toBerthError } from "../core/errors.ts";
import type { GraderSpec } from "../model/grader.ts";
import type { Verdict, VerdictPart } from "../model/verdict.ts";
import type { Grader, GradingContext, PartResult } from "./grader.ts";
import { createGraders, type Graders } from "./registry.ts";
import { combineRewards } from "./reward/combine.ts";

/**
 * Runs every grader of an environment, one after the other, and gives the verdict; it throws only what aborts it. A
 * failure of a grader is tried once more and then leaves the rollout unscored, as does one of the environment or of Berth.
 * What the policy brought about is reward 0.
 */
export async function gradeRollout(
  context: GradingContext,
  specs: readonly GraderSpec[],
  { graders = createGraders(systemIds), clock = systemClock }: { graders?: Graders; clock?: Clock } = {},
): Promise<Verdict> {
  const startedMs = clock.monotonic();
  const durationMs = () => Math.max(0, clock.monotonic() - startedMs);
  const parts: VerdictPart[] = [];
  const flags = new Set<string>();
  try {
    if (specs.length === 0)
      throw new BerthError("invalid_environment", `The environment ${context.environment.name} has no graders.`);
    for (const spec of specs) {
      const { flags: seen, ...part } = await gradePart(graders, spec, context);
      parts.push(part);
      for (const flag of seen) flags.add(flag);
    }
    return {
      status: "scored",
      ...combineRewards(parts, context.environment.reward),
      parts,
      flags: [...flags].toSorted(),
      duration_ms: durationMs(),
    };
  } catch (thrown) {
    if (context.signal.aborted) throw context.signal.reason;
    return verdictOfFailure(thrown, { parts, durationMs: durationMs() });
  }
}

async function gradePart(graders: Graders, spec: GraderSpec, context: GradingContext): Promise<PartResult> {
  const grader: Grader = graders[spec.type];
  try {
    return await grader.grade(spec, context);
  } catch (thrown) {
    const error = toBerthError(thrown, "grader_failed");
    if (error.causedBy !== "grader" || context.signal.aborted) throw error;
    context.onProgress(`The grader ${spec.name} failed and is tried once more: ${error.message}`);
    return await grader.grade(spec, context);
  }
}

/** The verdict of a rollout that could not be graded: reward 0 for what the policy brought about, else none. */
export function verdictOfFailure(
  thrown: unknown,
  { parts = [], durationMs = 0 }: { parts?: VerdictPart[]; durationMs?: number } = {},
): Verdict {
  const error = toBerthError(thrown, "grader_failed");
  if (error.causedBy !== "policy")
    return { status: "unscored", reward: null, parts, reason: error.report(), duration_ms: durationMs };
  const failed: VerdictPart = {
    name: "change_set",
    type: "change_set",
    reward: 0,
    summary: error.message,
    evidence: { error: error.report() },
  };
  return { status: "scored", reward: 0, parts: [...parts, failed], flags: [error.code], duration_ms: durationMs };
}
