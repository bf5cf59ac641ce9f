import type { BerthClient } from "../client/berth-client.ts";
import { BerthFailure } from "../client/failure.ts";
import type { Verdict } from "../model/verdict.ts";

/** How an interruption left a rollout: it can go on, it has its verdict, or it ended meanwhile. */
export type Standing =
  | { readonly kind: "goes-on" }
  | { readonly kind: "graded"; readonly verdict: Verdict }
  | { readonly kind: "gone" };

/** A rollout that was never created can be: its id is free. @throws BerthFailure */
export async function standingOf(client: BerthClient, rolloutId: string, signal: AbortSignal): Promise<Standing> {
  try {
    const { status, verdict } = await client.rollout(rolloutId, { signal });
    if (verdict !== null) return { kind: "graded", verdict };
    if (status === "grading") return { kind: "graded", verdict: await client.grade(rolloutId, {}, { signal }) };
    return { kind: ["closed", "failed", "expired"].includes(status) ? "gone" : "goes-on" };
  } catch (thrown) {
    if (thrown instanceof BerthFailure && thrown.code === "unknown_rollout") return { kind: "goes-on" };
    throw thrown;
  }
}
