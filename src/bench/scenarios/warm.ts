import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { compare, type Bench, type Scenario } from "../scenario.ts";
import { ratioAtMost } from "../target.ts";
import { firstResultOfBerth, firstResultOfDocker } from "./first-result.ts";

const what = "create → first result, warm";
const metric = "berth_pool_ready";
const environmentName = "bench-warm";
/** Kept ready: the scenario takes one at a time, and waits until all are there again. */
const members = 2;
const FILL_DEADLINE_MS = 120_000;
const POLL_MS = 10;

async function untilFull({ trainer }: Bench): Promise<void> {
  const name = `${metric}{environment="${environmentName}"}`;
  const end = performance.now() + FILL_DEADLINE_MS;
  while (((await trainer.metric(name)) ?? 0) < members) {
    if (performance.now() > end) throw new Error(`The warm pool was not full within ${FILL_DEADLINE_MS} ms.`);
    await sleep(POLL_MS);
  }
}

export const warm: Scenario = {
  name: "warm",
  title: "the same from the warm pool",
  pooled: true,
  async run(bench) {
    const { trainer } = bench;
    const pooled = (warm: number) => ({
      ...bench.environment,
      name: environmentName,
      warm,
    });
    await trainer.register(pooled(members));
    const row = await compare(bench, {
      scenario: "warm",
      what,
      plan: bench.quick ? { warmUp: 2, blocks: 4, perBlock: 2 } : { warmUp: 3, blocks: 15, perBlock: 2 },
      target: ratioAtMost(1 / 25),
      berth: async () => {
        await untilFull(bench);
        return firstResultOfBerth(trainer, environmentName);
      },
      docker: firstResultOfDocker,
    });
    // The pool would go on filling beside the scenarios that follow.
    await trainer.register(pooled(0));
    return [row];
  },
};
