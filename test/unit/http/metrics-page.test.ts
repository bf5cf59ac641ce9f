import { expect, test } from "vitest";
import { watchEventLoop } from "../../../src/http/metrics/event-loop.ts";
import { createMetrics } from "../../../src/http/metrics/metrics.ts";
import { metricsPage } from "../../../src/http/metrics/metrics-page.ts";
import { generatedDoc } from "../../support/generated-doc.ts";

test("docs/metrics.md says what /metrics shows", () => {
  const { registry } = createMetrics({ tools: [], process: false });
  using _watch = watchEventLoop(registry);
  const page = metricsPage(registry);
  expect(generatedDoc("metrics.md", page)).toBe(page);
});
