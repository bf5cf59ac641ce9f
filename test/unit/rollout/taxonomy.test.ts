import { expect, test } from "vitest";
import { BerthError, errorCodes, errorTable, type CausedBy } from "../../../src/core/errors.ts";
import { createMetrics } from "../../../src/http/metrics/metrics.ts";
import { altered, memoryController, shell } from "../../support/memory-controller.ts";
import { scrape } from "../../support/scrape.ts";

/** What a rollout that ends for a cause is worth: what the policy brought about is 0, all else is no reward at all. */
const verdictOf: Readonly<Record<CausedBy, object | undefined>> = {
  policy: { status: "scored", reward: 0 },
  task: { status: "unscored", reward: null },
  infra: { status: "unscored", reward: null },
  grader: { status: "unscored", reward: null },
  caller: undefined,
};

test("each cause that a rollout can end by says what it is worth, and every code has one of them", () => {
  expect(new Set(errorCodes.map((code) => errorTable[code].causedBy))).toEqual(new Set(Object.keys(verdictOf)));
});

/** A caller's failure reaches no rollout, and of one that another controller holds this one tells nothing. */
const ends = errorCodes.filter((code) => errorTable[code].causedBy !== "caller" && code !== "fenced");

test.for(ends)(
  "a rollout that cannot start for %s tells it, is counted by its cause and judged by it",
  async (code) => {
    const { causedBy } = errorTable[code];
    const metrics = createMetrics({ tools: [], process: false });
    await using controller = await memoryController({
      measures: metrics.measures,
      provider: (bare) =>
        altered(bare, () => ({
          create: async (spec, options) => {
            if (spec.labels.purpose.includes(":")) return bare.create(spec, options);
            throw new BerthError(code, "For a test.");
          },
        })),
    });
    const { service } = controller;
    const { rollout_id } = await controller.rollout();
    const told = code === "sandbox_lost" ? "sandbox_create_failed" : code;
    const { error } = await service.get(rollout_id);
    expect(error).toMatchObject({ code: told, cause: causedBy });
    const series = `berth_failures_total{of="rollout",cause="${causedBy}",code="${told}"}`;
    expect((await scrape(metrics.registry)).get(series)).toBe(1);
    const verdict = verdictOf[causedBy];
    const notNow = code === "shutting_down" || code === "queue_deadline";
    if (verdict && !notNow) expect(await service.grade(rollout_id, {})).toMatchObject(verdict);
    const summary = await service.summary({});
    expect(summary).toMatchObject({ total: 1, by_cause: { [causedBy]: 1 } });
    expect(summary.outcomes[0]).toMatchObject({ status: "failed", cause: causedBy, code: told });
  },
);

test("the summary of a group tells how many came to what, and who caused it", async () => {
  await using controller = await memoryController();
  const { service } = controller;
  await service.registerEnvironment({ name: "small", budget: { tool_calls: 5 }, graders: [aGrader] }, null);
  await service.registerEnvironment({ name: "broken", setup: ["exit 1"], graders: [aGrader] }, null);
  const create = async (environment: string) => {
    const { rollout } = await service.create({ environment, group: "step-1" });
    return service.waitUntilSettled(rollout.rollout_id, 8_000);
  };
  for (const reward of ["1", "0.5"]) {
    const { rollout_id } = await create("small");
    await service.callTool(rollout_id, "shell", shell(`echo ${reward} > answer`));
    await service.grade(rollout_id, {});
  }
  await create("broken");
  expect(await service.summary({ group: "step-1" })).toMatchObject({
    total: 3,
    scored: 2,
    mean_reward: 0.75,
    by_cause: { policy: 0, task: 1, infra: 0, grader: 0 },
    outcomes: [
      { status: "closed", verdict: "scored", count: 2, mean_reward: 0.75 },
      { status: "failed", cause: "task", code: "setup_failed", count: 1 },
    ],
  });
  expect((await service.summary({ group: "step-2" })).total).toBe(0);
});

const aGrader = { type: "tests", command: "npx vitest run" } as const;
