import type { z } from "zod";
import { withDeadline } from "../../core/deadline.ts";
import { toBerthError } from "../../core/errors.ts";
import type { Verdict } from "../../model/verdict.ts";
import { ensureRollout, rolloutOfTrace } from "./first-contact.ts";
import { ANSWER_MS, type DoorParts } from "./tool-call.ts";
import type { gradeCall, Sample } from "./wire.ts";

/** What the model said last; text that is empty is an answer too. */
export function answerOf(sample: Sample | null | undefined): string | undefined {
  if (sample?.output_text) return sample.output_text;
  const content = sample?.choices?.at(-1)?.message?.content;
  return typeof content === "string" ? content : (sample?.output_text ?? undefined);
}

/** The verdict of the rollout that the trace is; one whose policy called no tool begins here. @throws BerthError */
export async function grade(call: z.infer<typeof gradeCall>, parts: DoorParts): Promise<Verdict> {
  const id = rolloutOfTrace(call.trace_id);
  const answer = answerOf(call.sample);
  const asked = answer === undefined ? {} : { answer };
  const verdict = async (signal: AbortSignal) => {
    try {
      return await parts.service.grade(id, asked, parts.by);
    } catch (thrown) {
      if (toBerthError(thrown).code !== "unknown_rollout") throw thrown;
    }
    await ensureRollout(id, call.item, parts, signal);
    return await parts.service.grade(id, asked, parts.by);
  };
  return await withDeadline("the verdict", ANSWER_MS, verdict, { clock: parts.clock });
}
