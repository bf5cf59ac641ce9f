import type { GraderSpec } from "../model/grader.ts";
import type { PartResult } from "./grader.ts";

/** The part of a verdict that a grader gives: under its declared name, with each flag once. */
export const part = (
  { name, type }: Pick<GraderSpec, "name" | "type">,
  reward: number,
  summary: string,
  evidence: PartResult["evidence"],
  flags: readonly string[] = [],
): PartResult => ({ name, type, reward, summary, evidence, flags: [...new Set(flags)].toSorted() });
