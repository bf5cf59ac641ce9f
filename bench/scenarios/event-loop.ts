import { measuredRow, type Row } from "../../src/bench/row.ts";
import type { Bench } from "../../src/bench/scenario.ts";
import { figureAtMost } from "../../src/bench/target.ts";

const metric = "berth_event_loop_longest_stall_seconds";
const what = "longest event-loop stall";

/** Since the start of the controller. */
export async function eventLoopRow({ trainer, backend }: Bench, scenario: string): Promise<Row> {
  const seconds = await trainer.metric(metric);
  if (seconds === undefined) throw new Error(`The controller tells no ${metric}.`);
  return measuredRow({ scenario, backend, what, berth: [seconds * 1000], target: figureAtMost(50) });
}
