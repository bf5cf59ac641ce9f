import type { EvidenceRow } from "../../src/core/evidence.ts";
import type { Plan, Travelled } from "./journey.ts";
import type { ClusterConstants } from "./measured.ts";
import type { Records } from "./records.ts";
import type { Watch } from "./watch.ts";

export interface Run {
  readonly plan: Plan;
  readonly travelled: Travelled;
  /** Code → how often a request was told to come again. */
  readonly putOff: ReadonlyMap<string, number>;
  readonly watch: Watch;
  readonly records: Records;
  readonly writes: number;
  readonly writesPerSecond: number;
  readonly cluster: ClusterConstants;
  /** The controller's exit code. */
  readonly ended: number | null;
}

/** What docs/scaling.md promises of one controller; a figure beyond it fails the run. */
const limits = { residentMbPerRollout: 0.25, stallMs: 1_000, writesPerRollout: 6 };

const round = (value: number, digits = 1): number => Math.round(value * 10 ** digits) / 10 ** digits;

/** The figures of a run, each with what it must not exceed; figures without a limit are told and not judged. */
export function rowsOf({
  putOff,
  plan,
  travelled,
  watch,
  records,
  writes,
  writesPerSecond,
  cluster,
  ended,
}: Run): EvidenceRow[] {
  const row = (name: string, result: string, expected: string, ok: boolean, figures: object = {}): EvidenceRow => ({
    case: name,
    backend: "simulated",
    result,
    expected,
    ok,
    ...figures,
  });
  const told = (name: string, result: string, figures: object = {}) => row(name, result, "told", true, figures);
  const each = (value: number, digits?: number) => round(value / plan.rollouts, digits);
  const { call, active, residentMbActive, residentMbIdle } = travelled;
  const perRollout = (residentMbActive - residentMbIdle) / plan.rollouts;
  const stallMs = watch.most("berth_event_loop_longest_stall_seconds") * 1_000;
  const p99StallMs = watch.most('berth_event_loop_delay_seconds{quantile="0.99"}') * 1_000;
  const cpu = watch.now("process_cpu_seconds_total");
  const left = ["rollout", "grade", "build"].map((of) => watch.now(`berth_sandboxes{purpose="${of}"}`));
  const leftCount = left.reduce((sum, count) => sum + count, 0);
  return [
    told("the cluster's constants", cluster.source, { cluster, writes_per_second_most: writesPerSecond }),
    row("rollouts active at the same time", `${active}`, `${plan.rollouts}`, active === plan.rollouts, { active }),
    row("requests that failed", `${travelled.failures.length}`, "0", travelled.failures.length === 0, {
      examples: travelled.failures.slice(0, 5),
    }),
    told(
      "requests that were put off and sent again",
      [...putOff].map(([code, times]) => `${code} ${times}`).join(", ") || "none",
      {
        put_off: Object.fromEntries(putOff),
      },
    ),
    row("rollouts that were scored", `${travelled.scored}`, `${plan.rollouts}`, travelled.scored === plan.rollouts),
    told("starts a second", `${round(plan.rollouts / travelled.startSeconds)}`, {
      starts_per_second: plan.rollouts / travelled.startSeconds,
      start_seconds: travelled.startSeconds,
    }),
    row(
      "memory of the controller",
      `${Math.round(residentMbActive)} MiB, ${round(perRollout * 1024, 0)} KiB a rollout; ${Math.round(residentMbIdle)} MiB before`,
      `at most ${limits.residentMbPerRollout * 1024} KiB a rollout`,
      perRollout <= limits.residentMbPerRollout,
      {
        resident_mb: residentMbActive,
        resident_mb_most: watch.most("process_resident_memory_bytes") / 1024 ** 2,
        resident_mb_idle: residentMbIdle,
        kib_per_rollout: perRollout * 1024,
      },
    ),
    row(
      "longest stall of the event loop",
      `${Math.round(stallMs)} ms`,
      `at most ${limits.stallMs} ms`,
      stallMs <= limits.stallMs,
      {
        stall_ms: stallMs,
        delay_p99_ms_worst_scrape: p99StallMs,
      },
    ),
    told(
      "a call, when all are active",
      `p50 ${round(call.p50)} ms, p99 ${round(call.p99)} ms at ${round(call.perSecond)} a second`,
      {
        call_p50_ms: call.p50,
        call_p99_ms: call.p99,
        calls_per_second: call.perSecond,
      },
    ),
    told("gradings a second", `${round(plan.rollouts / travelled.gradeSeconds)}`, {
      grade_seconds: travelled.gradeSeconds,
    }),
    row(
      "API writes a rollout, its grading included",
      `${each(writes, 2)}`,
      `at most ${limits.writesPerRollout}`,
      writes <= limits.writesPerRollout * plan.rollouts + 10,
      { api_writes: writes },
    ),
    told("processor time of the controller a rollout", `${round((cpu / plan.rollouts) * 1_000)} ms`, {
      cpu_seconds: cpu,
    }),
    told(
      "rows of the store a rollout",
      Object.entries(records.rows)
        .filter(([, count]) => count >= plan.rollouts / 2)
        .map(([name, count]) => `${name} ${each(count)}`)
        .join(", "),
      {
        rows: records.rows,
      },
    ),
    told("rows written a rollout", `${each(records.rowWrites)} in ${each(records.commits)} commits`, {
      row_writes: records.rowWrites,
      commits: records.commits,
    }),
    told("the database a rollout", `${each(records.megabytes * 1_000)} kB`, { database_mb: records.megabytes }),
    row("sandboxes left", `${leftCount}`, "0", leftCount === 0),
    row("the controller ended", `${ended}`, "0", ended === 0),
  ];
}
