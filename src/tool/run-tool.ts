import type { z } from "zod";
import { BerthError } from "../core/errors.ts";
import type { ToolOutput, ToolOutputInput } from "../model/tool-call.ts";
import { boundOutput } from "./bounded-output.ts";
import type { Tool, ToolContext } from "./tool.ts";
import { asSentence } from "./wording.ts";

/**
 * Runs a tool. What the policy brought about becomes an answer that it reads; the answer is always below 1 MB.
 * @param args as `parseArguments` gives them
 * @throws what is not the policy's doing: BerthError of cause `infra` or `task`, the signal's reason, bugs
 */
export async function runTool<Arguments extends z.ZodType>(
  tool: Tool<Arguments>,
  context: ToolContext,
  args: z.output<Arguments>,
): Promise<ToolOutput> {
  const result = await tool.run(context, args).catch((thrown: unknown) => {
    if (thrown instanceof BerthError && thrown.causedBy === "policy") return refusal(thrown);
    throw thrown;
  });
  const { output, truncated } = boundOutput(result.output);
  return { ...result, output, truncated: truncated || result.truncated === true };
}

/** Messages quote files and patches; so much of one is enough to act on. */
const mostMessageBytes = 16 * 1024;

/** A failure as the model reads it; for refusals before a tool runs, too. */
export function refusal(error: BerthError): ToolOutputInput {
  const message = asSentence(boundOutput(error.message, mostMessageBytes).output);
  return { output: `Error: ${message} ${error.remedy}`, error: { ...error.report(), message } };
}
