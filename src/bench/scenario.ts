import type { EnvironmentInput } from "../model/environment.ts";
import { alternate, type Plan } from "./alternate.ts";
import type { RawDocker } from "./raw-docker.ts";
import { measuredRow, type Row } from "./row.ts";
import type { Sample } from "./sample.ts";
import type { Target } from "./target.ts";
import type { Trainer } from "./trainer.ts";

/** What scenarios stand on: a controller, and raw Docker beside it where there is one. */
export interface Bench {
  readonly trainer: Trainer;
  readonly docker: RawDocker | undefined;
  /** The provider of the controller. */
  readonly backend: string;
  /** Registered before the first scenario. */
  readonly environment: EnvironmentInput & { name: string };
  /** Few samples: enough to see that it works, not enough to tell of. */
  readonly quick: boolean;
  readonly say: (text: string) => void;
}

export interface Scenario<B extends Bench = Bench> {
  readonly name: string;
  readonly title: string;
  /** Where sandboxes may be started ahead of demand; elsewhere each one is started when it is asked for. */
  readonly pooled?: true;
  /** @throws AnswersDiffer when Berth and raw Docker did not do the same work */
  run(bench: B): Promise<readonly Row[]>;
}

export interface Comparison {
  readonly scenario: string;
  readonly what: string;
  readonly unit?: string;
  readonly plan: Plan;
  readonly target?: Target;
  readonly berth: () => Promise<Sample>;
  /** Not asked where there is no raw Docker. */
  readonly docker: ((docker: RawDocker) => Promise<Sample>) | undefined;
}

/** Berth and raw Docker at the same work, in turns. Berth alone where there is no raw Docker. */
export async function compare(bench: Bench, comparison: Comparison): Promise<Row> {
  const { plan, berth, docker, ...about } = comparison;
  const raw = bench.docker;
  const task = `${about.scenario}, ${about.what}`;
  bench.say(`${about.what}: ${plan.blocks} × ${plan.perBlock} samples`);
  const [ours = [], theirs] = await alternate(
    [
      { name: "Berth", task, sample: berth },
      ...(raw && docker ? [{ name: "Docker", task, sample: () => docker(raw) }] : []),
    ],
    plan,
  );
  return measuredRow({ ...about, backend: bench.backend, berth: ours, docker: theirs });
}

/** Every scenario in order. @throws AnswersDiffer */
export async function runScenarios<B extends Bench>(
  scenarios: readonly Scenario<B>[],
  bench: B,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const scenario of scenarios) {
    const say = (text: string) => bench.say(`${scenario.name.padEnd(10)} ${text}`);
    rows.push(...(await scenario.run({ ...bench, say })));
  }
  return rows;
}
