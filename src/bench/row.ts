import type { EvidenceRow } from "../core/evidence.ts";
import { summarise, type Summary } from "./statistics.ts";
import { outcomeOf, ratioText, targetText, type Outcome, type Target } from "./target.ts";

/** One line of the table: a figure of Berth's, raw Docker's beside it where both did the work, and the target. */
export interface Row {
  readonly scenario: string;
  /** The provider that Berth ran on. */
  readonly backend: string;
  readonly what: string;
  readonly unit: string;
  readonly berth: Summary;
  /** Raw Docker's figure of the same run. */
  readonly docker: Summary | null;
  /** Berth's median by raw Docker's. */
  readonly ratio: number | null;
  readonly target: Target | undefined;
  readonly outcome: Outcome;
  readonly note?: string;
}

export interface Measured {
  readonly scenario: string;
  readonly backend: string;
  readonly what: string;
  /** `ms` unless it is said. */
  readonly unit?: string;
  readonly berth: readonly number[];
  readonly docker?: readonly number[] | undefined;
  readonly target?: Target | undefined;
  readonly note?: string | undefined;
}

export function measuredRow({ unit = "ms", berth, docker, target, note, ...about }: Measured): Row {
  const ours = summarise(berth);
  const theirs = docker === undefined ? null : summarise(docker);
  const ratio = theirs === null ? null : ours.median / theirs.median;
  const outcome = outcomeOf(target, ours.median, ratio);
  return {
    ...about,
    unit,
    berth: ours,
    docker: theirs,
    ratio,
    target,
    outcome,
    ...(note === undefined ? {} : { note }),
  };
}

/** For `reports/`: a row is ok unless it misses its target. */
export function evidenceRow({ scenario, backend, what, outcome, target, ...figures }: Row): EvidenceRow {
  return {
    case: `${scenario}: ${what}`,
    backend,
    result: outcome,
    expected: targetText(target, figures.unit) || "a figure",
    ok: outcome !== "missed",
    ...figures,
  };
}

export const tableHeading = [
  "scenario",
  "backend",
  "what",
  "unit",
  "p50",
  "p95",
  "p99",
  "Docker p50",
  "p95",
  "ratio",
  "target",
  "",
];

const digits = (value: number): string => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
const cells = (summary: Summary | null, keys: readonly (keyof Summary)[]): string[] =>
  keys.map((key) => (summary === null || (summary.count === 1 && key !== "median") ? "" : digits(summary[key])));

export const tableCells = (row: Row): string[] => [
  row.scenario,
  row.backend,
  row.what,
  row.unit,
  ...cells(row.berth, ["median", "p95", "p99"]),
  ...cells(row.docker, ["median", "p95"]),
  row.ratio === null ? "" : ratioText(row.ratio),
  targetText(row.target, row.unit),
  row.note === undefined ? row.outcome : `${row.outcome} (${row.note})`,
];
