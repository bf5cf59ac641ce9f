import { z } from "zod";
import type { TrajectoryRecord } from "../../model/trajectory.ts";
import { defineTool } from "../tool.ts";

const name = "submit";

export const submit = defineTool({
  name,
  description: `Says that the task is done, and gives the final answer where the task asks for one. The work itself is what the workspace holds.
Nothing is graded before your turn ends: call it once, as the last call. When it is called again, the last answer counts.`,
  effect: "write",
  arguments: z.strictObject({
    answer: z.string().max(100_000).default("").describe("The final answer or a short account of what was done."),
  }),
  async run(_context, { answer }) {
    return { output: "submitted\n", data: { answer } };
  },
});

/** The answer that a policy submitted last; undefined when it submitted none. */
export function submittedAnswer(records: readonly TrajectoryRecord[]): string | undefined {
  const last = records.findLast(
    ({ tool, state, result }) => tool === name && state === "done" && result?.error === undefined,
  );
  const answer = last?.result?.data?.["answer"];
  return typeof answer === "string" && answer !== "" ? answer : undefined;
}
