import type { ExportedRollout } from "./exported.ts";

export const exportFormats = ["jsonl", "csv"] as const;
export type ExportFormat = (typeof exportFormats)[number];

const csvHead = "item_index,reward,latency_s,output_tokens,tool_calls\n";

/** Lines of an export as they become known: one a rollout, and for CSV the names of the columns first. */
export async function* exportLines(
  rollouts: AsyncIterable<ExportedRollout>,
  format: ExportFormat,
): AsyncGenerator<string> {
  if (format === "csv") yield csvHead;
  for await (const rollout of rollouts) yield format === "csv" ? csvLine(rollout) : jsonLine(rollout);
}

const jsonLine = ({ itemIndex, score, trajectory }: ExportedRollout): string =>
  `${JSON.stringify({ item_index: itemIndex, score, trajectory: JSON.stringify(trajectory) })}\n`;

const csvLine = (row: ExportedRollout): string =>
  `${[row.itemIndex, row.score, row.latencySeconds, row.outputTokens, row.toolCalls].join(",")}\n`;
