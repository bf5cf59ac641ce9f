import type { BerthError } from "../../core/errors.ts";
import type { ToolCallResult } from "../../model/tool-call.ts";
import type { Verdict } from "../../model/verdict.ts";
import { argumentsSchema } from "../../tool/formats.ts";
import type { Tool } from "../../tool/tool.ts";
import type { Observation, StepAnswer } from "./wire.ts";

const goesOn = (observation: Observation): StepAnswer => ({ observation, reward: null, done: false });

export const begun = (episode_id: string, environment: string): StepAnswer =>
  goesOn({ episode_id, environment, metadata: {} });

export const offered = (tools: readonly Tool[]): StepAnswer =>
  goesOn({
    tools: tools.map((tool) => ({
      name: tool.name,
      description: tool.description,
      input_schema: argumentsSchema(tool),
    })),
    metadata: {},
  });

/** A tool that ran: what the model did wrong meanwhile is in what it reads, and no error of the protocol's. */
export function ran(result: ToolCallResult): StepAnswer {
  const { tool, output, images, call_id, duration_ms, truncated, replayed, outcome, error } = result;
  return goesOn({
    tool_name: tool,
    result: output,
    error: null,
    ...(images && { images }),
    metadata: { call_id, duration_ms, truncated, replayed, ...(outcome && { outcome }), ...(error && { error }) },
  });
}

/** A call that the policy got wrong, so that its tool did not run. */
export function refused(tool: string, error: BerthError): StepAnswer {
  const names = { unknown_tool: "tool_not_found", invalid_arguments: "invalid_args" } as const;
  const error_type = names[error.code as keyof typeof names] ?? "execution_error";
  return goesOn({
    tool_name: tool,
    result: null,
    error: { error_type, message: `${error.message} ${error.remedy}` },
    metadata: { error: error.report() },
  });
}

/** The last step: an episode that could not be scored has no reward, and says why. */
export function over({ observation }: StepAnswer, verdict: Verdict): StepAnswer {
  const told =
    verdict.status === "scored"
      ? { status: verdict.status, decision: verdict.decision, flags: verdict.flags }
      : { status: verdict.status, reason: verdict.reason };
  return {
    observation: { ...observation, metadata: { ...observation.metadata, verdict: told } },
    reward: verdict.reward,
    done: true,
  };
}

/** An episode that nothing but its own end is told of. */
export const ended = (verdict: Verdict): StepAnswer => over(goesOn({ metadata: {} }), verdict);
