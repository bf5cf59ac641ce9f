import { BerthSandbox } from "../berth-sandbox.ts";
import { timed } from "../sample.ts";
import { compare, type Scenario } from "../scenario.ts";
import { ratioAtMost } from "../target.ts";

export const shell: Scenario = {
  name: "shell",
  title: "`true` in a sandbox that runs, against docker exec true",
  async run(bench) {
    await using sandbox = await BerthSandbox.create(bench.trainer, bench.environment.name);
    await using container = await bench.docker?.start();
    const row = await compare(bench, {
      scenario: "shell",
      what: "shell true",
      plan: bench.quick ? { warmUp: 5, blocks: 5, perBlock: 8 } : { warmUp: 20, blocks: 15, perBlock: 20 },
      target: ratioAtMost(1 / 15),
      berth: () => timed(() => sandbox.shell("true")),
      docker: container && (() => timed(() => container.exec(["true"]))),
    });
    return [row];
  },
};
