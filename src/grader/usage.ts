import type { TrajectoryRecord } from "../model/trajectory.ts";

/** Bytes of a token, on average: English and code are close to it. */
const BYTES_A_TOKEN = 4;

export const estimatedTokens = (bytes: number): number => Math.ceil(bytes / BYTES_A_TOKEN);

/** What the calls of a rollout took. */
export interface Usage {
  readonly calls: number;
  /** Of UTF-8, of what the policy was given to read. */
  readonly outputBytes: number;
  /** An estimate, from the bytes. */
  readonly outputTokens: number;
  /** From the start of the first call to the end of the last, in seconds; 0 without calls. */
  readonly wallSeconds: number;
}

/** Adds up a trajectory. A call that did not end counts, with the moment of its start. */
export function usageOf(records: readonly TrajectoryRecord[]): Usage {
  const outputBytes = records.reduce((sum, { result }) => sum + Buffer.byteLength(result?.output ?? ""), 0);
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { started_at, duration_ms } of records) {
    const started = Date.parse(started_at);
    first = Math.min(first, started);
    last = Math.max(last, started + (duration_ms ?? 0));
  }
  return {
    calls: records.length,
    outputBytes,
    outputTokens: estimatedTokens(outputBytes),
    wallSeconds: records.length === 0 ? 0 : Math.round(Math.max(0, last - first)) / 1000,
  };
}
