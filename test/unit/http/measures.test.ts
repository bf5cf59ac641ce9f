import { describe, expect, test, vi } from "vitest";
import { BerthError } from "../../../src/core/errors.ts";
import { watchEventLoop } from "../../../src/http/metrics/event-loop.ts";
import { createMetrics } from "../../../src/http/metrics/metrics.ts";
import { builtinTools } from "../../../src/tool/builtin-tools.ts";
import {
  altered,
  codeOf,
  memoryController,
  shell,
  smallEnvironment,
  type MemoryControllerOptions,
} from "../../support/memory-controller.ts";
import { scrape } from "../../support/scrape.ts";

const freshMetrics = () => createMetrics({ tools: builtinTools.map(({ name }) => name), process: false });

/** A controller whose figures can be scraped. */
async function measured(options: MemoryControllerOptions = {}) {
  const metrics = freshMetrics();
  const controller = await memoryController({ ...options, measures: metrics.measures });
  return {
    controller,
    scrape: () => scrape(metrics.registry),
    [Symbol.asyncDispose]: () => controller[Symbol.asyncDispose](),
  };
}

describe("tool calls", () => {
  test("count by tool and result once for a call id, replayed or joined", async () => {
    await using berth = await measured();
    const { service } = berth.controller;
    const { rollout_id } = await berth.controller.rollout();
    const send = () => service.callTool(rollout_id, "shell", shell("echo hello", "c1"));
    await Promise.all([send(), send()]);
    await send();
    await service.callTool(rollout_id, "read_file", { arguments: { path: "nowhere" } });
    const samples = await berth.scrape();
    expect(samples.get('berth_tool_call_seconds_count{tool="shell",result="ok"}')).toBe(1);
    expect(samples.get('berth_tool_call_seconds_count{tool="read_file",result="policy"}')).toBe(1);
    expect(samples.get('berth_failures_total{of="tool_call",cause="policy",code="file_not_found"}')).toBe(1);
  });

  test("that are refused count as failures of the policy, and a tool that does not exist as unknown", async () => {
    await using berth = await measured();
    const { service } = berth.controller;
    const { rollout_id } = await berth.controller.rollout();
    await codeOf(service.callTool(rollout_id, `no-${rollout_id}`, { arguments: {} }));
    await codeOf(service.callTool(rollout_id, "shell", { arguments: { commands: 1 } }));
    const samples = await berth.scrape();
    expect(samples.get('berth_tool_call_seconds_count{tool="unknown",result="policy"}')).toBe(1);
    expect(samples.get('berth_failures_total{of="tool_call",cause="policy",code="unknown_tool"}')).toBe(1);
    expect(samples.get('berth_tool_call_seconds_count{tool="shell",result="policy"}')).toBe(1);
    expect(samples.get('berth_failures_total{of="tool_call",cause="policy",code="invalid_arguments"}')).toBe(1);
    expect([...samples.keys()].join("\n"), "no id makes a series").not.toContain(rollout_id);
  });

  test("take as long as their phases together", async () => {
    await using berth = await measured();
    const { rollout } = await berth.controller.service.create({ environment: smallEnvironment() });
    await berth.controller.service.callTool(rollout.rollout_id, "shell", shell("echo hello"));
    const samples = await berth.scrape();
    const phases = ["sandbox", "order", "run", "controller"].map(
      (phase) => samples.get(`berth_tool_call_phase_seconds_sum{phase="${phase}"}`) ?? NaN,
    );
    const whole = samples.get('berth_tool_call_seconds_sum{tool="shell",result="ok"}');
    expect(phases.reduce((sum, part) => sum + part, 0)).toBeCloseTo(whole ?? NaN, 9);
    expect(samples.get('berth_tool_call_phase_seconds_count{phase="run"}')).toBe(1);
  });

  test("give each rollout one first result", async () => {
    await using berth = await measured();
    const { rollout_id } = await berth.controller.rollout();
    for (let call = 0; call < 3; call++)
      await berth.controller.service.callTool(rollout_id, "shell", shell("echo hello"));
    expect((await berth.scrape()).get("berth_first_result_seconds_count")).toBe(1);
  });
});

describe("rollouts", () => {
  test("count by what happens to them while they are held, and by how they ended", async () => {
    await using berth = await measured();
    const { service } = berth.controller;
    const first = await berth.controller.rollout();
    const second = await berth.controller.rollout();
    expect((await berth.scrape()).get('berth_rollouts{status="active"}')).toBe(2);
    await service.grade(first.rollout_id, {});
    await service.close(second.rollout_id);
    await service.close(second.rollout_id);
    const samples = await berth.scrape();
    for (const status of ["queued", "preparing", "active", "grading"])
      expect(samples.get(`berth_rollouts{status="${status}"}`), status).toBe(0);
    expect(samples.get('berth_rollouts_ended_total{status="closed"}')).toBe(2);
  });

  test("that fail are counted with who caused it and why", async () => {
    await using berth = await measured({
      provider: (bare) =>
        altered(bare, () => ({
          create: async () => {
            throw new BerthError("sandbox_create_failed", "No.");
          },
        })),
    });
    expect((await berth.controller.rollout()).status).toBe("failed");
    const samples = await berth.scrape();
    expect(samples.get('berth_rollouts_ended_total{status="failed"}')).toBe(1);
    expect(samples.get('berth_failures_total{of="rollout",cause="infra",code="sandbox_create_failed"}')).toBe(1);
    expect(samples.get('berth_rollouts{status="queued"}')).toBe(0);
  });

  test("and their sandboxes are counted anew by the next controller", async () => {
    await using berth = await measured();
    await berth.controller.rollout();
    const next = freshMetrics();
    await berth.controller.restart({ crash: true, measures: next.measures });
    const samples = await scrape(next.registry);
    expect(samples.get('berth_rollouts{status="active"}')).toBe(1);
    expect(samples.get('berth_sandboxes{purpose="rollout"}')).toBe(1);
  });
});

describe("sandboxes", () => {
  test("count by what they were started for, until they are gone", async () => {
    const seen: (number | undefined)[] = [];
    await using berth = await measured({
      grader: {
        type: "tests",
        async grade(_spec, { openSandbox }) {
          await using _clean = await openSandbox();
          seen.push((await berth.scrape()).get('berth_sandboxes{purpose="grade"}'));
          return { name: "tests", type: "tests", reward: 1, summary: "well done", evidence: {}, flags: [] };
        },
      },
    });
    const { rollout_id } = await berth.controller.rollout();
    expect((await berth.scrape()).get('berth_sandboxes{purpose="rollout"}')).toBe(1);
    await berth.controller.service.grade(rollout_id, {});
    const samples = await berth.scrape();
    expect(seen).toEqual([1]);
    expect(samples.get('berth_sandboxes{purpose="grade"}')).toBe(0);
    expect(samples.get('berth_sandboxes{purpose="rollout"}')).toBe(0);
  });
});

describe("verdicts", () => {
  test("that are scored count once, however often they are asked for", async () => {
    await using berth = await measured();
    const { rollout_id } = await berth.controller.rollout();
    const grade = () => berth.controller.service.grade(rollout_id, {});
    await Promise.all([grade(), grade()]);
    await grade();
    const samples = await berth.scrape();
    expect(samples.get('berth_verdicts_total{status="scored",cause="none"}')).toBe(1);
    expect(samples.get('berth_grading_seconds_count{status="scored"}')).toBe(1);
  });

  test("that are unscored count with who caused it and why", async () => {
    await using berth = await measured({
      grader: {
        type: "tests",
        grade: async () => {
          throw new BerthError("grader_failed", "No report.");
        },
      },
    });
    const { rollout_id } = await berth.controller.rollout();
    await berth.controller.service.grade(rollout_id, {});
    const samples = await berth.scrape();
    expect(samples.get('berth_verdicts_total{status="unscored",cause="grader"}')).toBe(1);
    expect(samples.get('berth_failures_total{of="grading",cause="grader",code="grader_failed"}')).toBe(1);
  });
});

describe("the queue and the pool", () => {
  test("tell how long rollouts waited and where their sandboxes came from", async () => {
    const { measures, registry } = freshMetrics();
    measures.waited("rollout", "alone", 0.25);
    measures.provisioned("cold", 0.5);
    measures.provisioned("pool", 0.0625);
    measures.poolMiss("click");
    measures.poolHit("click");
    measures.poolHit("click");
    measures.poolReady("click", 3);
    measures.poolReady("click", 2);
    const samples = await scrape(registry);
    expect(samples.get('berth_queue_wait_seconds_sum{kind="rollout",crowd="alone"}')).toBe(0.25);
    expect(samples.get('berth_sandbox_start_seconds_sum{source="cold"}')).toBe(0.5);
    expect(samples.get('berth_sandbox_start_seconds_sum{source="pool"}')).toBe(0.0625);
    expect(samples.get('berth_pool_requests_total{environment="click",result="hit"}')).toBe(2);
    expect(samples.get('berth_pool_requests_total{environment="click",result="miss"}')).toBe(1);
    expect(samples.get('berth_pool_ready{environment="click"}')).toBe(2);
  });

  test("make no more series than 200 environments and one for all others, which adds up", async () => {
    const { measures, registry } = freshMetrics();
    for (let at = 0; at < 1_000; at++) measures.poolReady(`environment-${at}`, 2);
    measures.poolReady("environment-999", 0);
    measures.poolReady("environment-0", 1);
    const ready = [...(await scrape(registry))].filter(([name]) => name.startsWith("berth_pool_ready{"));
    expect(ready).toHaveLength(201);
    expect(new Map(ready).get('berth_pool_ready{environment="environment-0"}')).toBe(1);
    expect(new Map(ready).get('berth_pool_ready{environment="other"}')).toBe(2 * 799);
  });
});

describe("the event loop", () => {
  const longest = "berth_event_loop_longest_stall_seconds";
  const block = (ms: number) => {
    const until = performance.now() + ms;
    while (performance.now() < until);
  };

  test("tells its longest stall even when a scrape comes right before it, and goes on telling it", async () => {
    const { registry } = freshMetrics();
    using _watch = watchEventLoop(registry);
    await vi.waitFor(async () => expect((await scrape(registry)).get(longest)).toBeGreaterThan(0));
    await scrape(registry);
    block(50);
    await vi.waitFor(async () => expect((await scrape(registry)).get(longest)).toBeGreaterThanOrEqual(0.05));
    expect((await scrape(registry)).get(longest)).toBeGreaterThanOrEqual(0.05);
  });

  test("tells no delay of a time in which nobody watched it", async () => {
    const { registry } = freshMetrics();
    watchEventLoop(registry)[Symbol.dispose]();
    const samples = await scrape(registry);
    for (const quantile of ["0.5", "0.99", "1"])
      expect(samples.get(`berth_event_loop_delay_seconds{quantile="${quantile}"}`)).toBe(0);
  });
});
