import { mkdir, writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { dirname } from "node:path";
import { table } from "../table.ts";
import type { Played } from "./play.ts";

/** The form of every `reports/<target>.json`. */
export interface DemoReport {
  readonly target: "demo";
  readonly ok: boolean;
  readonly machine: string;
  readonly started_at: string;
  readonly rows: readonly DemoRow[];
}

interface RolloutFigures {
  readonly tool_calls: number;
  readonly first_result_ms: number;
  readonly grading_ms: number;
  readonly summary: string;
}

interface DemoRow extends Partial<RolloutFigures> {
  readonly case: string;
  readonly backend: string;
  readonly result: string;
  readonly expected: string;
  readonly ok: boolean;
  readonly [figure: string]: unknown;
}

/** `ok` is computed from the rows: the three rewards, and nothing left behind. */
export function demoReport(input: {
  title: string;
  backend: string;
  startedAt: string;
  played: readonly Played[];
  left: readonly string[];
  totalMs: number;
}): DemoReport {
  const rewards = input.played.map((rollout): DemoRow => {
    const result =
      rollout.verdict.status === "scored" ? String(rollout.verdict.reward) : `unscored: ${rollout.verdict.reason.code}`;
    const expected = String(rollout.policy.reward);
    return {
      case: rollout.policy.name,
      backend: input.backend,
      result,
      expected,
      ok: result === expected,
      tool_calls: rollout.toolCalls,
      first_result_ms: Math.round(rollout.firstResultMs),
      grading_ms: Math.round(rollout.gradingMs),
      summary:
        rollout.verdict.status === "scored"
          ? (rollout.verdict.parts[0]?.summary ?? "")
          : rollout.verdict.reason.message,
    };
  });
  const left: DemoRow = {
    case: "left behind",
    backend: input.backend,
    result: input.left.length === 0 ? "nothing" : input.left.join("; "),
    expected: "nothing",
    ok: input.left.length === 0,
    task: input.title,
    total_ms: Math.round(input.totalMs),
  };
  const rows = [...rewards, left];
  const machine = `${cpus().length} cores, ${Math.round(totalmem() / 1024 ** 3)} GiB, ${process.platform} ${process.arch}, Node ${process.versions.node}`;
  return { target: "demo", ok: rows.every((row) => row.ok), machine, started_at: input.startedAt, rows };
}

export async function writeReport(file: string, report: DemoReport): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
}

export function printReport(report: DemoReport): string {
  const heading = ["rollout", "tool calls", "first result", "grading", "reward", "expected", ""];
  const rows = report.rows.map(({ tool_calls, first_result_ms = 0, grading_ms = 0, summary, ...row }) =>
    tool_calls === undefined
      ? [row.case, "", "", "", row.result, row.expected, row.ok ? "✓" : "✗"]
      : [
          row.case,
          String(tool_calls),
          `${first_result_ms} ms`,
          `${(grading_ms / 1000).toFixed(1)} s`,
          row.result,
          row.expected,
          row.ok ? "✓" : `✗ ${summary ?? ""}`,
        ],
  );
  return table(heading, rows, 60);
}
