import { percentile } from "../bench/statistics.ts";
import type { EvidenceRow } from "../core/evidence.ts";
import type { LoadResult, Phase } from "../dialects/agent-rft/stand-in/load.ts";
import type { CheckResult } from "../dialects/agent-rft/stand-in/preflight.ts";

const BACKEND = "agent-rft";
const WELL = "ok";

export const checkRow = ({ id, ok, seen }: CheckResult): EvidenceRow => ({
  case: id,
  backend: BACKEND,
  result: ok ? WELL : seen,
  expected: WELL,
  ok,
  seen,
});

/** One of each kind of request, and one of the rollouts that would be thrown away. Times are figures and decide nothing. */
export function loadRows({ phases, discarded }: LoadResult): EvidenceRow[] {
  const none = "0 rollouts discarded";
  return [
    ...phases.map(phaseRow),
    {
      case: "discarded",
      backend: BACKEND,
      result: `${discarded} rollouts discarded`,
      expected: none,
      ok: discarded === 0,
      discarded,
    },
  ];
}

function phaseRow({ name, asked, ms, refused, retries }: Phase): EvidenceRow {
  const rounded = (part: number) => Math.round(percentile(ms, part) * 10) / 10;
  return {
    case: name,
    backend: BACKEND,
    result: refused.length === 0 ? WELL : `${refused.length} refused: ${refused[0]}`,
    expected: WELL,
    ok: refused.length === 0 && ms.length === asked,
    asked,
    retries,
    p50_ms: ms.length === 0 ? null : rounded(0.5),
    p95_ms: ms.length === 0 ? null : rounded(0.95),
    p99_ms: ms.length === 0 ? null : rounded(0.99),
  };
}

export const loadHeading = ["requests", "asked", "answered", "sent again", "p50", "p95", "p99"];

const inWords = (ms: number): string => {
  if (Number.isNaN(ms)) return "–";
  return ms < 1000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(1)} s`;
};

/** Of `loadHeading`. */
export const loadCells = ({ phases }: LoadResult): string[][] =>
  phases.map(({ name, asked, ms, retries }) => [
    name,
    String(asked),
    String(ms.length),
    String(retries),
    ...[0.5, 0.95, 0.99].map((part) => inWords(percentile(ms, part))),
  ]);
