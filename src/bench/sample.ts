import { performance } from "node:perf_hooks";

/** A piece of work done once. */
export interface Sample {
  /** In the unit of its series: milliseconds, unless the series is a rate. */
  readonly value: number;
  /** What the work gave, in a form that is the same whoever did it. */
  readonly answer: string;
}

/** What a command gave, whoever ran it. */
export interface CommandAnswer {
  readonly exit_code: number | null;
  readonly stdout: string;
}

export const answerText = (answer: unknown): string => JSON.stringify(answer) ?? "";

/** Milliseconds from the start of `work` to its result. */
export async function timed(work: () => Promise<unknown>): Promise<Sample> {
  const began = performance.now();
  const answer = await work();
  return { value: performance.now() - began, answer: answerText(answer) };
}
