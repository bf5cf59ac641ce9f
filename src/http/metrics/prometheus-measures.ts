import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Measures, WaitingKind } from "../../core/measures.ts";
import { BoundedNames } from "./bounded-names.ts";
import { secondsBuckets } from "./seconds.ts";

/** Environments are named by callers: more than this many share the series `other`. */
const MOST_ENVIRONMENTS = 200;

/**
 * The measures as series of `registry`.
 * @param tools the names that become label values; a call of any other tool counts as `unknown`
 */
export function createPrometheusMeasures(registry: Registry, tools: readonly string[]): Measures {
  /** Since when the oldest waits, Unix milliseconds. */
  const oldest = new Map<WaitingKind, number>();
  const series = createSeries(registry, oldest);
  const knownTools = new Set(tools);
  const environments = new BoundedNames(MOST_ENVIRONMENTS);
  /** Only environments that have any ready: the pool bounds how many those are. */
  const ready = new Map<string, number>();

  return {
    waiting(kind, count, oldestSinceMs) {
      series.queueWaiting.set({ kind }, count);
      if (oldestSinceMs === undefined) oldest.delete(kind);
      else oldest.set(kind, oldestSinceMs);
    },
    waited: (kind, crowd, seconds) => series.queueWait.observe({ kind, crowd }, seconds),
    provisioned: (source, seconds) => series.sandboxStart.observe({ source }, seconds),
    poolReady(environment, count) {
      // By difference, so that the environments that share a series add up.
      series.poolReady.inc({ environment: environments.labelOf(environment) }, count - (ready.get(environment) ?? 0));
      if (count === 0) ready.delete(environment);
      else ready.set(environment, count);
    },
    poolHit: (environment) =>
      series.poolRequests.inc({ environment: environments.labelOf(environment), result: "hit" }),
    poolMiss: (environment) =>
      series.poolRequests.inc({ environment: environments.labelOf(environment), result: "miss" }),
    sandboxes: (purpose, change) => series.sandboxes.inc({ purpose }, change),
    rolloutMoved(from, to) {
      if (from !== undefined) series.rollouts.dec({ status: from });
      if (to !== undefined) series.rollouts.inc({ status: to });
    },
    rolloutEnded(status, failure) {
      series.rolloutsEnded.inc({ status });
      if (failure) series.failures.inc({ of: "rollout", cause: failure.cause, code: failure.code });
    },
    firstResult: (seconds) => series.firstResult.observe(seconds),
    toolCall({ tool, spent, failure }) {
      const { sandbox, order, run, controller } = spent;
      const result = failure?.cause ?? "ok";
      series.toolCall.observe(
        { tool: knownTools.has(tool) ? tool : "unknown", result },
        sandbox + order + run + controller,
      );
      series.toolCallPhase.observe({ phase: "sandbox" }, sandbox);
      series.toolCallPhase.observe({ phase: "order" }, order);
      series.toolCallPhase.observe({ phase: "run" }, run);
      series.toolCallPhase.observe({ phase: "controller" }, controller);
      if (failure) series.failures.inc({ of: "tool_call", cause: failure.cause, code: failure.code });
    },
    graded({ status, seconds, failure }) {
      series.grading.observe({ status }, seconds);
      series.verdicts.inc({ status, cause: failure?.cause ?? "none" });
      if (failure) series.failures.inc({ of: "grading", cause: failure.cause, code: failure.code });
    },
  };
}

const waitingKinds: readonly WaitingKind[] = ["rollout", "grading"];

function createSeries(registry: Registry, oldest: ReadonlyMap<WaitingKind, number>) {
  const registers = [registry];
  const histogram = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Histogram({ name, help, labelNames, buckets: secondsBuckets, registers });
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Counter({ name, help, labelNames, registers });
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Gauge({ name, help, labelNames, registers });

  return {
    firstResult: histogram("berth_first_result_seconds", "Time from a rollout's creation to its first durable result."),
    queueWait: histogram(
      "berth_queue_wait_seconds",
      "Time that a rollout waited from its acceptance until a sandbox began to start for it, or a grading for its turn; snapshots that are built first included.",
      ["kind", "crowd"],
    ),
    queueWaiting: gauge("berth_queue_waiting", "Rollouts that wait for a sandbox, and gradings that wait for theirs.", [
      "kind",
    ]),
    queueOldest: new Gauge({
      name: "berth_queue_oldest_seconds",
      help: "How long the oldest of those that wait has waited; 0 when none waits.",
      labelNames: ["kind"],
      registers,
      collect() {
        for (const kind of waitingKinds) {
          const since = oldest.get(kind);
          this.set({ kind }, since === undefined ? 0 : Math.max(0, Date.now() - since) / 1000);
        }
      },
    }),
    sandboxStart: histogram(
      "berth_sandbox_start_seconds",
      "Time from the start of a preparation to a sandbox that shook hands.",
      ["source"],
    ),
    toolCall: histogram(
      "berth_tool_call_seconds",
      "Time from a tool call's arrival to its durable result, once for a call id.",
      ["tool", "result"],
    ),
    toolCallPhase: histogram("berth_tool_call_phase_seconds", "What the time of tool calls is spent on.", ["phase"]),
    grading: histogram(
      "berth_grading_seconds",
      "Time from a request for a verdict to the durable verdict, clean sandboxes included.",
      ["status"],
    ),
    rollouts: gauge("berth_rollouts", "Rollouts that the controller holds now, by what happens to them.", ["status"]),
    sandboxes: gauge("berth_sandboxes", "Sandboxes that shook hands and are not gone yet.", ["purpose"]),
    poolReady: gauge("berth_pool_ready", "Sandboxes that wait in the pool for a rollout.", ["environment"]),
    poolRequests: counter("berth_pool_requests_total", "Rollouts that asked the pool for a sandbox.", [
      "environment",
      "result",
    ]),
    rolloutsEnded: counter("berth_rollouts_ended_total", "Rollouts that ended, by how they ended.", ["status"]),
    verdicts: counter("berth_verdicts_total", "Verdicts, and who caused those that are unscored.", ["status", "cause"]),
    failures: counter("berth_failures_total", "What failed, who caused it, and why.", ["of", "cause", "code"]),
  };
}
