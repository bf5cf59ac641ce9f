import { performance } from "node:perf_hooks";
import { BerthSandbox } from "../berth-sandbox.ts";
import type { RawDocker } from "../raw-docker.ts";
import { answerText, type Sample } from "../sample.ts";
import type { Trainer } from "../trainer.ts";

const said = "ready";

/** From nothing to the first result, in milliseconds; the sandbox's end is not counted. */
export async function firstResultOfBerth(trainer: Trainer, environment: string): Promise<Sample> {
  const began = performance.now();
  await using sandbox = await BerthSandbox.create(trainer, environment);
  const answer = await sandbox.shell(`echo ${said}`);
  return { value: performance.now() - began, answer: answerText(answer) };
}

/** The same with a container. */
export async function firstResultOfDocker(docker: RawDocker): Promise<Sample> {
  const began = performance.now();
  await using container = await docker.start();
  const answer = await container.exec(["echo", said]);
  return { value: performance.now() - began, answer: answerText(answer) };
}
