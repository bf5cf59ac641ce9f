import { parentPort } from "node:worker_threads";
import { planted } from "./planted.ts";
import { simulate, type Outcome } from "./simulate.ts";

/** One seed, with a planted mistake or without. */
export interface Task {
  readonly seed: number;
  readonly mistake: string | undefined;
}

// The program of a thread that plays seeds: `Task` in, `Outcome` out.

async function play({ seed, mistake }: Task): Promise<void> {
  const changes = planted.find(({ name }) => name === mistake)?.changes() ?? {};
  parentPort?.postMessage((await simulate(seed, { changes, alone: true })) satisfies Outcome);
}

parentPort?.on("message", (task: Task) => void play(task));
