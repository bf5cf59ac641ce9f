import { BerthSandbox } from "../../src/bench/berth-sandbox.ts";
import { inFlight } from "../../src/bench/in-flight.ts";
import { measuredRow } from "../../src/bench/row.ts";
import { timed } from "../../src/bench/sample.ts";
import type { Scenario } from "../../src/bench/scenario.ts";
import { summarise } from "../../src/bench/statistics.ts";
import { figureAtLeast, figureAtMost } from "../../src/bench/target.ts";
import type { HeavyBench } from "../heavy-bench.ts";
import { controllerFigures, guestMemory } from "../process-figures.ts";

const scenario = "density";
const few = 10;
const AT_THE_SAME_TIME = 8;
/** Calls of one series, spread over all sandboxes. */
const callsOfSeries = 500;

async function callTimes(sandboxes: readonly BerthSandbox[], count: number): Promise<number[]> {
  const values: number[] = [];
  const step = Math.max(1, Math.floor(sandboxes.length / count));
  for (let call = 0; call < count; call += 1) {
    const sandbox = sandboxes[(call * step) % sandboxes.length];
    if (sandbox) values.push((await timed(() => sandbox.shell("true"))).value);
  }
  return values;
}

export const density: Scenario<HeavyBench> = {
  name: scenario,
  title: "many live sandboxes at the same time (oci; --sandboxes N, 2000)",
  async run(bench) {
    if (bench.backend !== "oci") return [];
    const { controller, trainer } = bench;
    const wanted = bench.quick ? Math.min(bench.sandboxes, 100) : bench.sandboxes;
    const calls = bench.quick ? 50 : callsOfSeries;
    const sandboxes: BerthSandbox[] = [];
    let ready = 0;
    const grow = (count: number) =>
      inFlight(count - sandboxes.length, AT_THE_SAME_TIME, async () => {
        const sandbox = await BerthSandbox.create(trainer, bench.environment.name);
        sandboxes.push(sandbox);
        await sandbox.shell("true");
        ready += 1;
        if (ready % 100 === 0) bench.say(`${ready} sandboxes`);
      });
    const about = { scenario, backend: bench.backend };
    try {
      await grow(few);
      await callTimes(sandboxes, few);
      const timesOfFew = await callTimes(sandboxes, calls);
      await grow(wanted);
      const timesOfAll = await callTimes(sandboxes, calls);
      const guests = await guestMemory(controller.dataDir);
      const { memory, descriptors, mounts } = await controllerFigures(controller.pid);
      const growth = summarise(timesOfAll).median / summarise(timesOfFew).median;
      return [
        measuredRow({
          ...about,
          what: "sandboxes that hold",
          unit: "sandboxes",
          berth: [guests.length],
          target: figureAtLeast(wanted),
        }),
        measuredRow({ ...about, what: "guest, private memory", unit: "MiB", berth: guests, target: figureAtMost(4) }),
        measuredRow({ ...about, what: "controller, memory", unit: "MiB", berth: [memory], target: figureAtMost(400) }),
        measuredRow({ ...about, what: "controller, descriptors", unit: "descriptors", berth: [descriptors] }),
        measuredRow({ ...about, what: "controller, mounts", unit: "mounts", berth: [mounts] }),
        measuredRow({ ...about, what: `shell true, ${few} sandboxes`, berth: timesOfFew }),
        measuredRow({ ...about, what: `shell true, ${wanted} sandboxes`, berth: timesOfAll }),
        measuredRow({
          ...about,
          what: "p50 of all by p50 of ten",
          unit: "times",
          berth: [growth],
          target: figureAtMost(2),
        }),
      ];
    } finally {
      bench.say("ending them");
      await inFlight(sandboxes.length, AT_THE_SAME_TIME, async (index) => sandboxes[index]?.delete());
      const left = await guestMemory(controller.dataDir);
      if (left.length > 0) bench.say(`LEFT BEHIND: ${left.length} guests`);
    }
  },
};
