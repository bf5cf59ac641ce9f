import type { RunProgress } from "../../agent/run-agent.ts";
import type { SampleResult } from "../../agent/sample-result.ts";
import { printableLine } from "../printable.ts";
import type { Terminal } from "../terminal.ts";

const lineWidth = 110;

const million = (tokens: number): string => `${(tokens / 1_000_000).toFixed(2)}M tokens`;

/** Where a run stands, in one line. */
export function progressLine({ results, running, total }: RunProgress): string {
  const scored = results.flatMap((one) => (one.status === "scored" ? [one.reward] : []));
  const unscored = results.length - scored.length;
  const tokens = results.reduce((sum, { usage }) => sum + usage.input + usage.output, 0);
  const cost = results.reduce((sum, one) => sum + (one.cost ?? 0), 0);
  return [
    `${results.length}/${total} done`,
    `${running} running`,
    ...(scored.length > 0
      ? [`mean reward ${(scored.reduce((sum, one) => sum + one, 0) / scored.length).toFixed(3)}`]
      : []),
    ...(unscored > 0 ? [`${unscored} unscored`] : []),
    million(tokens),
    ...(results.some((one) => one.cost !== null) ? [`$${cost.toFixed(2)}`] : []),
  ].join(", ");
}

export function resultLine(result: SampleResult): string {
  const name = `${result.task} #${result.sample}`;
  return result.status === "scored"
    ? `${name}  reward ${result.reward}  ${result.stop} after ${result.turns} turns, ${result.tool_calls} calls`
    : `${name}  unscored  ${result.code} (${result.cause}): ${result.message}`;
}

/** Tells on standard error: one line that is drawn anew where it can be, else a line for each sample that ends. */
export function agentProgress(terminal: Terminal, write: ((text: string) => void) | undefined) {
  return {
    tell(progress: RunProgress): void {
      const line = printableLine(progressLine(progress), lineWidth);
      if (write) return write(`\r\u001b[2K${line}`);
      if (progress.last) terminal.err(`${printableLine(resultLine(progress.last))}\n  ${line}`);
      else terminal.err(line);
    },
    end: () => write?.("\n"),
  };
}
