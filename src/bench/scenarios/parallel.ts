import { performance } from "node:perf_hooks";
import { BerthSandbox } from "../berth-sandbox.ts";
import { inFlight } from "../in-flight.ts";
import { answerText, type CommandAnswer, type Sample } from "../sample.ts";
import { compare, type Scenario } from "../scenario.ts";
import { ratioAtLeast } from "../target.ts";

const sandboxes = 10;
const flying = 64;

/** A rate, and the one answer that all calls gave, or all that there were. */
async function rate(calls: number, call: (index: number) => Promise<CommandAnswer>): Promise<Sample> {
  const began = performance.now();
  const answers = await inFlight(calls, flying, call);
  const value = calls / ((performance.now() - began) / 1000);
  return { value, answer: [...new Set(answers.map(answerText))].join("\n") };
}

export const parallel: Scenario = {
  name: "parallel",
  title: `shell calls a second, ${flying} in flight over ${sandboxes} sandboxes`,
  async run(bench) {
    await using open = new AsyncDisposableStack();
    const ours: BerthSandbox[] = [];
    const theirs: { exec(argv: readonly string[]): Promise<CommandAnswer> }[] = [];
    for (let index = 0; index < sandboxes; index += 1) {
      const sandbox = open.use(await BerthSandbox.create(bench.trainer, bench.environment.name));
      await sandbox.shell("true");
      ours.push(sandbox);
      if (bench.docker) theirs.push(open.use(await bench.docker.start()));
    }
    const berthCalls = bench.quick ? 300 : 2000;
    const dockerCalls = bench.quick ? 128 : 384;
    const of = <T>(list: readonly T[], index: number): T => list[index % list.length] as T;
    const row = await compare(bench, {
      scenario: "parallel",
      what: `shell true, ${flying} in flight`,
      unit: "a second",
      plan: bench.quick ? { warmUp: 1, blocks: 2, perBlock: 1 } : { warmUp: 1, blocks: 5, perBlock: 1 },
      target: ratioAtLeast(15),
      berth: () => rate(berthCalls, (index) => of(ours, index).shell("true")),
      docker: () => rate(dockerCalls, (index) => of(theirs, index).exec(["true"])),
    });
    return [row];
  },
};
