import type { MetricObject, Registry } from "prom-client";
import { secondsBuckets } from "./seconds.ts";

/** What the values of each label are. */
const labels: Readonly<Record<string, string>> = {
  cause:
    "`policy`, `task`, `infra`, `grader` or `caller`, as in [errors](errors.md); `none` for a verdict that is scored",
  code: "an error code of [errors](errors.md)",
  crowd: "how many of its own group waited when it came: `alone` (none), `few` (up to 15) or `many`",
  environment: "the name of an environment; beyond the first 200 names of a controller's life, `other`",
  kind: "`rollout` or `grading`",
  method: "an HTTP method",
  of: "`rollout` (it ended as failed or expired), `tool_call` or `grading` (the verdict is unscored)",
  phase:
    "`sandbox` (waiting until the rollout has one), `order` (waiting for calls that came before), `run` (the tool at work, the way into the sandbox and back included), `controller` (all the rest: checking, recording)",
  purpose: "what the sandbox was started for: `rollout`, `grade`, `build` (a snapshot)",
  quantile: "`0.5`, `0.99`, `1` (the most)",
  result: "of a tool call `ok` or the cause of its failure; of the pool `hit` or `miss`",
  route: "the pattern of the path, or `unmatched`",
  source: "`pool` or `cold`",
  status: "of an HTTP answer, a rollout or a verdict",
  tool: "a tool of the registry, or `unknown`",
};

/** prom-client keeps the names of the labels, and does not tell so in its types. */
const labelsOf = (metric: MetricObject): readonly string[] =>
  "labelNames" in metric && Array.isArray(metric.labelNames) ? metric.labelNames.map(String) : [];

function row(metric: MetricObject): string {
  const names = labelsOf(metric).map((label) => `\`${label}\``);
  return `| \`${metric.name}\` | ${String(metric.type)} | ${names.join(", ") || "–"} | ${metric.help.replaceAll("|", "\\|")} |`;
}

/** docs/metrics.md, from everything that `registry` holds. @throws Error naming a label that nothing explains */
export function metricsPage(registry: Registry): string {
  const metrics = registry.getMetricsAsArray().toSorted((one, two) => (one.name < two.name ? -1 : 1));
  const used = [...new Set(metrics.flatMap(labelsOf))].toSorted();
  const meanings = used.map((label) => {
    const meaning = labels[label];
    if (meaning === undefined) throw new Error(`Nothing explains the label ${label}.`);
    return `| \`${label}\` | ${meaning} |`;
  });
  const rows = metrics.map(row);
  return `# Metrics

<!-- Made from the series of src/http/metrics by \`UPDATE_DOCS=1 npx vitest run test/unit/http/metrics-page.test.ts\`. -->

\`GET /metrics\` answers in the text format of Prometheus. It asks for a key like every other route but the health checks:

\`\`\`yaml
scrape_configs:
  - job_name: berth
    authorization: { credentials: "<a key of the controller>" }
    static_configs: [{ targets: ["localhost:7420"] }]
\`\`\`

| series | type | labels | what it says |
| --- | --- | --- | --- |
${rows.join("\n")}

Besides these there are \`process_*\` and \`nodejs_*\`: memory, descriptors, garbage collection of the controller itself.

All times are in seconds; the upper bounds of all histograms are ${secondsBuckets.join(", ")}.

## Labels

No caller can make series without end: ids, paths and groups are no labels, and names out of requests are bounded.

| label | values |
| --- | --- |
${meanings.join("\n")}

## Questions

| question | query |
| --- | --- |
| How long does a policy wait for its first result? | \`histogram_quantile(0.99, sum by (le) (rate(berth_first_result_seconds_bucket[5m])))\` |
| Which tool is slow? | \`histogram_quantile(0.5, sum by (le, tool) (rate(berth_tool_call_seconds_bucket[5m])))\` |
| What do calls wait for? | \`sum by (phase) (rate(berth_tool_call_phase_seconds_sum[5m]))\` |
| Is it the model, the task or us? | \`sum by (of, cause) (rate(berth_failures_total[5m]))\` |
| Does a large group hold up a small one? | \`histogram_quantile(0.9, sum by (le, crowd) (rate(berth_queue_wait_seconds_bucket{kind="rollout"}[5m])))\` |
| Is the pool large enough? | \`sum by (environment) (rate(berth_pool_requests_total{result="hit"}[5m])) / sum by (environment) (rate(berth_pool_requests_total[5m]))\` |
| Does anything block the controller? | \`berth_event_loop_delay_seconds{quantile="1"} > 0.05\` |
`;
}
