import type { TrajectoryRecord } from "../../model/trajectory.ts";

/** A trajectory in the item form of the Responses API: each call, what it gave when it ended, and the last message. */
export function responsesItems(records: readonly TrajectoryRecord[], answer: string | undefined): object[] {
  const calls = records.flatMap(({ call_id, tool, arguments: given, result }) => [
    { type: "function_call", call_id, name: tool, arguments: argumentText(given) },
    ...(result === null ? [] : [{ type: "function_call_output", call_id, output: result.output }]),
  ]);
  if (answer === undefined) return calls;
  return [...calls, { type: "message", role: "assistant", content: [{ type: "output_text", text: answer }] }];
}

/** As the API writes them: always text. */
export const argumentText = (given: unknown): string =>
  typeof given === "string" ? given : JSON.stringify(given ?? {});
