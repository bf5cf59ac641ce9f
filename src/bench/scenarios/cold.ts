import { ratioAtMost } from "../target.ts";
import { compare, type Scenario } from "../scenario.ts";
import { firstResultOfBerth, firstResultOfDocker } from "./first-result.ts";

export const cold: Scenario = {
  name: "cold",
  title: "from the request for a rollout to its first tool result, against docker create, start and exec",
  async run(bench) {
    const row = await compare(bench, {
      scenario: "cold",
      what: "create → first result",
      plan: bench.quick ? { warmUp: 1, blocks: 4, perBlock: 2 } : { warmUp: 2, blocks: 15, perBlock: 2 },
      target: ratioAtMost(bench.backend === "docker" ? 1.1 : 1 / 5),
      berth: () => firstResultOfBerth(bench.trainer, bench.environment.name),
      docker: firstResultOfDocker,
    });
    return [row];
  },
};
