import { randomUUID } from "node:crypto";
import { percentile } from "./spread.ts";
import type { Answer, Trainer } from "./trainer.ts";
import type { Watch } from "./watch.ts";

export interface Plan {
  readonly rollouts: number;
  readonly createsPerSecond: number;
  /** Calls each, spread over the time in which all of them are active. */
  readonly calls: number;
  readonly callsPerSecond: number;
  readonly gradesPerSecond: number;
}

export interface Travelled {
  /** From the first request until the last rollout was active. */
  readonly startSeconds: number;
  /** Active at the same time. */
  readonly active: number;
  readonly residentMbIdle: number;
  readonly residentMbActive: number;
  readonly call: { readonly p50: number; readonly p99: number; readonly perSecond: number };
  readonly gradeSeconds: number;
  /** What anything was answered that is neither a success nor to be tried again. */
  readonly failures: readonly string[];
  readonly scored: number;
}

const GROUPS = 20;
const MEBIBYTE = 1024 * 1024;
const resident = "process_resident_memory_bytes";

/** All rollouts begin; when all of them are active each calls a few times; then all are graded. */
export async function travel(
  trainer: Trainer,
  watch: Watch,
  plan: Plan,
  say: (line: string) => void,
): Promise<Travelled> {
  const failures: string[] = [];
  const judged = (what: string, { status, body }: Answer) => {
    if (status >= 300) failures.push(`${what}: ${status} ${JSON.stringify(body).slice(0, 300)}`);
  };
  await watch.scrape();
  const residentMbIdle = watch.now(resident) / MEBIBYTE;

  const beganMs = performance.now();
  const ids = Array.from({ length: plan.rollouts }, () => randomUUID());
  const groups = new Map(ids.map((id, n) => [id, `group-${n % GROUPS}`]));
  await paced(ids, plan.createsPerSecond, async (rollout_id) =>
    judged(
      "create",
      await trainer.send("POST", "/v1/rollouts", { rollout_id, environment: "scale", group: groups.get(rollout_id) }),
    ),
  );
  say(`${ids.length} rollouts were accepted in ${seconds(beganMs)} s`);
  const shell = (id: string, call_id: string) =>
    trainer.send("POST", `/v1/rollouts/${id}/tools/shell`, { call_id, arguments: { command: "echo 42 > answer" } });
  await Promise.all(ids.map(async (id) => judged("first call", await shell(id, "first"))));
  const startSeconds = seconds(beganMs);
  await watch.scrape();
  const active = watch.now('berth_rollouts{status="active"}');
  const residentMbActive = watch.now(resident) / MEBIBYTE;
  say(`${active} are active after ${startSeconds} s, in ${Math.round(residentMbActive)} MiB`);

  const times: number[] = [];
  const callsBeganMs = performance.now();
  for (let turn = 0; turn < plan.calls; turn++) {
    await paced(ids, plan.callsPerSecond, async (id) => {
      const answer = await shell(id, `c${turn}`);
      judged("call", answer);
      times.push(answer.ms);
    });
  }
  const perSecond = times.length / seconds(callsBeganMs);
  say(`${times.length} calls in ${seconds(callsBeganMs)} s`);

  const gradesBeganMs = performance.now();
  let scored = 0;
  await paced(ids, plan.gradesPerSecond, async (id) => {
    const answer = await trainer.send("POST", `/v1/rollouts/${id}/grade`, {});
    judged("grade", answer);
    if (answer.body["reward"] === 1) scored++;
  });
  const gradeSeconds = seconds(gradesBeganMs);
  say(`${scored} were graded in ${gradeSeconds} s`);
  const call = { p50: percentile(times, 0.5), p99: percentile(times, 0.99), perSecond };
  return { startSeconds, active, residentMbIdle, residentMbActive, call, gradeSeconds, failures, scored };
}

const seconds = (sinceMs: number): number => Math.round(performance.now() - sinceMs) / 1_000;

/** One after the other at this rate, whether or not those before have ended. */
async function paced<T>(items: readonly T[], perSecond: number, work: (item: T) => Promise<void>): Promise<void> {
  const beganMs = performance.now();
  const begun: Promise<void>[] = [];
  for (const [index, item] of items.entries()) {
    const early = beganMs + (index * 1_000) / perSecond - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    begun.push(work(item));
  }
  await Promise.all(begun);
}
