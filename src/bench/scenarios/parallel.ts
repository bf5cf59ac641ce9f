import { performance } from "node:perf_hooks";
import { alternate, type Side } from "../alternate.ts";
import { BerthSandbox } from "../berth-sandbox.ts";
import { inFlight } from "../in-flight.ts";
import { measuredRow } from "../row.ts";
import { answerText, type CommandAnswer, type Sample } from "../sample.ts";
import type { Scenario } from "../scenario.ts";
import { ratioAtLeast } from "../target.ts";

const sandboxes = 10;
const flying = 64;
/** With more at the same time a daemon on few processors does less of them. */
const dockersBest = 4;
const task = "shell true";

/** A rate, and the one answer that all calls gave, or all that there were. */
async function rate(calls: number, limit: number, call: (index: number) => Promise<CommandAnswer>): Promise<Sample> {
  const began = performance.now();
  const answers = await inFlight(calls, limit, call);
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
    const dockerCalls = bench.quick ? 64 : 192;
    const of = <T>(list: readonly T[], index: number): T => list[index % list.length] as T;
    const plan = bench.quick ? { warmUp: 1, blocks: 2, perBlock: 1 } : { warmUp: 1, blocks: 5, perBlock: 1 };
    const raw = (limit: number): Side => ({
      name: `Docker, ${limit} in flight`,
      task,
      sample: () => rate(dockerCalls, limit, (index) => of(theirs, index).exec(["true"])),
    });
    const berth = (index: number) => of(ours, index).shell("true");
    bench.say(`${flying} in flight: ${plan.blocks} × ${berthCalls} calls, of Docker ${dockerCalls}`);
    const [rates = [], same, fewer] = await alternate(
      [
        { name: "Berth", task, sample: () => rate(berthCalls, flying, berth) },
        ...(bench.docker ? [raw(flying), raw(dockersBest)] : []),
      ],
      plan,
    );
    const about = {
      scenario: "parallel",
      backend: bench.backend,
      unit: "a second",
      berth: rates,
      target: ratioAtLeast(15),
    };
    return [
      measuredRow({ ...about, what: `${flying} in flight`, docker: same }),
      ...(fewer ? [measuredRow({ ...about, what: `the same, Docker ${dockersBest} in flight`, docker: fewer })] : []),
    ];
  },
};
