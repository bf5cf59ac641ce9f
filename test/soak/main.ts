import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import PQueue from "p-queue";
import { guestsOf } from "../../bench/process-figures.ts";
import { newTraces, traces } from "../../src/cli/demo/leftovers.ts";
import { table } from "../../src/cli/table.ts";
import { evidence, writeEvidence, type EvidenceRow } from "../../src/core/evidence.ts";
import { whyUnavailable } from "../support/backend-availability.ts";
import { ControllerProcess, dataDirectory } from "../support/controller-process.ts";
import { FixtureTask } from "../support/graded-task.ts";
import { SeededRandom } from "../simulation/seeded-random.ts";
import { figureRows } from "./judge.ts";
import { loadRows } from "./load-rows.ts";
import { writeReliabilityPage } from "./reliability-page.ts";
import { Sampler, type Sample } from "./sample.ts";
import { Tally } from "./tally.ts";
import { Trainer } from "./trainer.ts";

const help = `make soak ARGS='…': rollouts of five calls with faults at random, on oci; what the controller takes of the machine must stay flat.

  --minutes N    that the rollouts are spread over (10)
  --rollouts N   (2000)
  --at-once N    rollouts at the same time, at most (12)
  --seed N       which faults (1)`;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    rollouts: { type: "string", default: "2000" },
    "at-once": { type: "string", default: "12" },
    seed: { type: "string", default: "1" },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}

function count(name: "rollouts" | "at-once" | "seed" | "minutes"): number {
  const given = Number(values[name]);
  if (given > 0 && (name === "minutes" || Number.isInteger(given))) return given;
  console.error(`--${name} ${values[name]} is not a number above 0.`);
  process.exit(2);
}
const [rollouts, atOnce, minutes] = [count("rollouts"), count("at-once"), count("minutes")];

const unavailable = await whyUnavailable("oci");
if (unavailable !== undefined) {
  console.error(unavailable);
  process.exit(2);
}

const IDLE_SECONDS = 20;
const SAMPLE_MS = 4_000;
const LOOK_MS = 250;
const KILL_GUEST_MS = 4_000;
/** The controller is killed in the first half of the load; over the second, one of them must stay as it is. */
const KILLS = 4;
/** Connections are kept alive for a while. */
const SETTLE_MS = 120_000;
/** Sandboxes that wait, at rest too. */
const POOL = 4;

const startedAt = Date.now();
await using place = await dataDirectory();
const before = await traces(place.path);
const tally = new Tally();
const random = new SeededRandom(count("seed"));
const task = new FixtureTask("node");
const { files: _files, ...spec } = await task.spec();
const environment = {
  name: "soak",
  warm: POOL,
  image: "host",
  budget: { tool_calls: 20, wall_seconds: 600, idle_seconds: IDLE_SECONDS, grading_seconds: 120 },
  graders: [{ ...spec, files: task.hiddenFolder }],
};
const start = () =>
  ControllerProcess.start({
    backend: "oci",
    dataDir: place.path,
    flags: ["--pool-sandboxes", String(POOL), "--log-level", "fatal"],
  });

let life = 1;
let controller = await start();
const trainer = new Trainer({ controller: () => controller, environment, random, tally, idle: 0.05 });
const sampler = new Sampler(place.path);
const samples: Sample[] = [];
let began = performance.now();
const seconds = () => (performance.now() - began) / 1000;
const over = new AbortController();

/** Does something time and again until the load is over. */
async function every(ms: number, work: () => Promise<void>): Promise<void> {
  while (!over.signal.aborted) {
    await sleep(ms, undefined, { signal: over.signal }).catch(() => undefined);
    if (!over.signal.aborted) await work();
  }
}

/** What it takes once it is as it should be, or after two minutes. */
async function sampleOf(settled: (sample: Sample) => boolean): Promise<Sample> {
  for (const end = performance.now() + SETTLE_MS; ;) {
    const sample = await sampler.sample(controller, { seconds: seconds(), life });
    if (settled(sample) || performance.now() > end) return sample;
    await sleep(LOOK_MS);
  }
}

/** No rollout, and the pool as it wants to be. */
const atRest = (openFiles = Infinity) =>
  sampleOf(({ sandboxes, descriptors }) => sandboxes === POOL && descriptors <= openFiles);

async function closeAll(): Promise<void> {
  await new PQueue({ concurrency: atOnce }).addAll(trainer.ids.map((id) => () => trainer.close(id)));
}

async function restart(signal: NodeJS.Signals): Promise<void> {
  await controller.end(signal);
  controller = await start();
  life++;
}

// Once round before anything is measured: the snapshot is built, the code is loaded.
await controller.send("POST", "/v1/environments", environment);
for (let round = 0; round < 3; round++) await trainer.rollout();
await closeAll();
await restart("SIGTERM");
for (let round = 0; round < 3; round++) await trainer.rollout();
await closeAll();
const baseline = await atRest();

began = performance.now();
const background = [
  every(LOOK_MS, () => sampler.noteSandboxes()),
  every(SAMPLE_MS, async () => {
    const at = { seconds: seconds(), life };
    const sample = await sampler.sample(controller, at).catch(() => undefined);
    // One that was taken while the controller went tells nothing.
    if (sample && at.life === life) samples.push(sample);
  }),
  every(KILL_GUEST_MS, async () => {
    const guests = await guestsOf(place.path);
    if (guests.length === 0) return;
    try {
      process.kill(Number(random.pick(guests)), "SIGKILL");
      tally.guestsKilled++;
    } catch {
      // It was gone before.
    }
  }),
  every((minutes * 60_000) / 2 / (KILLS + 1), async () => {
    if (tally.controllersKilled >= KILLS) return;
    await restart("SIGKILL");
    tally.controllersKilled++;
  }),
];

let next = 0;
await Promise.all(
  Array.from({ length: atOnce }, async () => {
    while (next < rollouts) {
      const dueMs = (next++ / rollouts) * minutes * 60_000;
      await sleep(Math.max(0, dueMs - seconds() * 1000));
      await trainer.rollout();
      if (next % 100 === 0) console.error(`${Math.round(seconds())} s: ${next} rollouts`);
    }
  }),
);
const loadSeconds = seconds();
over.abort();
await Promise.all(background);
await closeAll();

const after = await atRest(baseline.descriptors);
const unfinished = (await controller.send("GET", "/v1/rollouts?limit=500&status=queued,preparing,active,grading")).body;
await controller.end("SIGTERM");
const left = (await newTraces(place.path, before)).filter((trace) => sampler.isOurs(trace));

const rows: EvidenceRow[] = [
  ...loadRows(tally, {
    asked: rollouts,
    unfinished: (unfinished as { rollouts: unknown[] }).rollouts.length,
    left,
    databaseKb: ((after.database - baseline.database) * 1024) / rollouts,
  }),
  ...figureRows(baseline, samples, after, loadSeconds / 2),
];
const report = {
  ...evidence("soak", startedAt, rows),
  load: { rollouts, minutes: Math.round((loadSeconds / 60) * 10) / 10, at_once: atOnce },
  refusals: Object.fromEntries(tally.refusals),
  wrong: tally.wrong.slice(0, 50),
  samples,
};
const file = await writeEvidence("reports", report);
const whole = minutes >= 10 && rollouts >= 2000;
if (process.env["UPDATE_DOCS"] === "1" && whole && report.ok)
  await writeReliabilityPage(join(import.meta.dirname, "../../docs"), report);
console.log(
  table(
    ["", "case", "result"],
    rows.map((row) => [row.ok ? "" : "!", row.case, row.result]),
    60,
  ),
);
for (const sentence of tally.wrong.slice(0, 10)) console.log(`  ${sentence}`);
console.log(`\n${rollouts} rollouts in ${report.load.minutes} min. The rows are in ${file}.`);
process.exitCode = report.ok ? 0 : 1;
