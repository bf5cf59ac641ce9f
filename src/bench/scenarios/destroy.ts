import { BerthSandbox } from "../berth-sandbox.ts";
import { timed } from "../sample.ts";
import { compare, type Scenario } from "../scenario.ts";
import { ratioAtMost } from "../target.ts";

export const destroy: Scenario = {
  name: "destroy",
  title: "the end of a rollout, its sandbox verified gone, against docker rm --force",
  async run(bench) {
    const row = await compare(bench, {
      scenario: "destroy",
      what: "delete, verified",
      plan: bench.quick ? { warmUp: 1, blocks: 4, perBlock: 2 } : { warmUp: 2, blocks: 15, perBlock: 2 },
      target: ratioAtMost(1 / 3),
      berth: async () => {
        await using sandbox = await BerthSandbox.create(bench.trainer, bench.environment.name);
        await sandbox.shell("true");
        return await timed(() => sandbox.delete());
      },
      docker: async (docker) => {
        await using container = await docker.start();
        await container.exec(["true"]);
        return await timed(() => container.remove());
      },
    });
    return [row];
  },
};
