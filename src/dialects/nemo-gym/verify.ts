import { BerthError, toBerthError, type ErrorReport } from "../../core/errors.ts";
import type { RolloutService } from "../../rollout/rollout-service.ts";
import { failureKind } from "./failure-kind.ts";
import type { GymSession } from "./session-cookie.ts";
import type { VerifyAnswer, VerifyRequest } from "./wire.ts";

const spoilt = new BerthError(
  "internal",
  "A tool call failed in a way that is not the policy's doing, and the policy was shown that.",
).report();

/** What the model said last; undefined when it said nothing. */
export function answerIn({ response }: VerifyRequest): string | undefined {
  const last = response.output?.findLast(({ type, role }) => type === "message" && role === "assistant")?.content;
  if (typeof last === "string") return last;
  if (!Array.isArray(last)) return undefined;
  return (last as { text?: unknown }[]).map((part) => (typeof part?.text === "string" ? part.text : "")).join("");
}

const masked = (rollout_id: string, reason: ErrorReport) => ({
  // The interface knows no sample without a number.
  reward: 0,
  mask_sample: true,
  failure_kind: failureKind(reason),
  failure_reason: `${reason.message} ${reason.remedy}`,
  rollout_id,
});

/**
 * The request with its reward. What could not be scored is masked, whoever is to blame; the verdict is the same whenever it is asked for.
 * @throws BerthError `fenced`
 */
export async function verify(
  { rolloutId, isSpoilt }: GymSession,
  request: VerifyRequest,
  service: Pick<RolloutService, "grade" | "close">,
  by: string,
): Promise<VerifyAnswer> {
  if (isSpoilt) {
    // Whether or not it can be ended now: its idle time ends it otherwise.
    await service.close(rolloutId, by).catch(() => undefined);
    return { ...request, ...masked(rolloutId, spoilt) };
  }
  const answer = answerIn(request);
  try {
    const verdict = await service.grade(rolloutId, answer === undefined ? {} : { answer }, by);
    if (verdict.status === "unscored") return { ...request, ...masked(rolloutId, verdict.reason) };
    const sound = { mask_sample: false, failure_kind: null, failure_reason: null, rollout_id: rolloutId };
    return { ...request, reward: verdict.reward, ...sound };
  } catch (thrown) {
    const error = toBerthError(thrown);
    if (error.code === "fenced") throw error;
    return { ...request, ...masked(rolloutId, error.report()) };
  }
}
