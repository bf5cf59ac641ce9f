import { performance } from "node:perf_hooks";
import { BerthSandbox } from "../../src/bench/berth-sandbox.ts";
import { inFlight } from "../../src/bench/in-flight.ts";
import type { RawContainer, RawDocker } from "../../src/bench/raw-docker.ts";
import { measuredRow } from "../../src/bench/row.ts";
import type { CommandAnswer } from "../../src/bench/sample.ts";
import type { Scenario } from "../../src/bench/scenario.ts";
import { figureAtMost, ratioAtLeast } from "../../src/bench/target.ts";
import type { HeavyBench } from "../heavy-bench.ts";
import { eventLoopRow } from "./event-loop.ts";

const scenario = "burst";
const calls = 5;
const groups = 20;
const ENDING = 8;

const text = (rollout: number, call: number): string => `rollout ${rollout} call ${call}`;

/** Five commands in order. @throws Error when one gave what another one should have */
async function fiveCalls(
  rollout: number,
  run: (said: string) => Promise<CommandAnswer>,
  onFirst: () => void = () => {},
): Promise<void> {
  for (let call = 0; call < calls; call += 1) {
    const { exit_code, stdout } = await run(text(rollout, call));
    if (exit_code !== 0 || stdout !== `${text(rollout, call)}\n`)
      throw new Error(`${text(rollout, call)} gave ${exit_code} and ${JSON.stringify(stdout)}`);
    if (call === 0) onFirst();
  }
}

interface Burst {
  readonly acceptedMs: number[];
  readonly firstResultMs: number[];
  readonly lost: string[];
  /** Rollouts a second, from the first request to the last result. */
  readonly rate: number;
}

async function burstOf(count: number, bench: HeavyBench): Promise<Burst> {
  const acceptedMs: number[] = [];
  const firstResultMs: number[] = [];
  const lost: string[] = [];
  const made: BerthSandbox[] = [];
  const began = performance.now();
  const since = () => performance.now() - began;
  await inFlight(count, count, async (index) => {
    try {
      const sandbox = await BerthSandbox.create(bench.trainer, bench.environment.name, `group-${index % groups}`);
      acceptedMs.push(since());
      made.push(sandbox);
      const shell = (said: string) => sandbox.shell(`echo ${said}`);
      await fiveCalls(index, shell, () => firstResultMs.push(since()));
    } catch (error) {
      lost.push(String(error));
    }
  });
  const rate = (count - lost.length) / (since() / 1000);
  await inFlight(made.length, ENDING, async (index) => made[index]?.delete());
  return { acceptedMs, firstResultMs, lost, rate };
}

/** The best rate over some numbers of containers that are worked on at the same time. */
async function dockersBest(docker: RawDocker, count: number, say: (text: string) => void): Promise<number> {
  let best = 0;
  for (const limit of [2, 4, 8]) {
    const made: RawContainer[] = [];
    const began = performance.now();
    await inFlight(count, limit, async (index) => {
      const container = await docker.start();
      made.push(container);
      await fiveCalls(index, (said) => container.exec(["echo", said]));
    });
    const rate = count / ((performance.now() - began) / 1000);
    await inFlight(made.length, ENDING, async (index) => made[index]?.remove());
    say(`Docker, ${count} containers, ${limit} at a time: ${rate.toFixed(2)} a second`);
    best = Math.max(best, rate);
  }
  return best;
}

export const burst: Scenario<HeavyBench> = {
  name: scenario,
  title: "500 rollouts created in the same second, five calls each (oci)",
  pooled: true,
  async run(bench) {
    if (bench.backend !== "oci") return [];
    const count = bench.quick ? 60 : 500;
    const about = { scenario, backend: bench.backend };
    const raw = bench.docker && (await dockersBest(bench.docker, bench.quick ? 10 : 40, bench.say));
    bench.say(`${count} rollouts at once`);
    const { acceptedMs, firstResultMs, lost, rate } = await burstOf(count, bench);
    for (const reason of new Set(lost)) bench.say(`lost: ${reason}`);
    return [
      measuredRow({
        ...about,
        what: `lost, of ${count}`,
        unit: "rollouts",
        berth: [lost.length],
        target: figureAtMost(0),
      }),
      measuredRow({ ...about, what: "accepted", berth: acceptedMs }),
      measuredRow({ ...about, what: "request → first result", berth: firstResultMs }),
      measuredRow({
        ...about,
        what: "rollouts, Docker at its best",
        unit: "a second",
        berth: [rate],
        docker: raw === undefined ? undefined : [raw],
        target: ratioAtLeast(8),
      }),
      await eventLoopRow(bench, scenario),
    ];
  },
};
