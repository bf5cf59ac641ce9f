import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import PQueue from "p-queue";
import { newTraces, traces } from "../../src/cli/demo/leftovers.ts";
import { table } from "../../src/cli/table.ts";
import { evidence, writeEvidence, type EvidenceRow } from "../../src/core/evidence.ts";
import { rollout, type Rollout } from "../../src/model/rollout.ts";
import { SeededRandom } from "../simulation/seeded-random.ts";
import { whyUnavailable } from "../support/backend-availability.ts";
import { ControllerProcess, dataDirectory } from "../support/controller-process.ts";
import { FixtureTask } from "../support/graded-task.ts";
import { newDatabase, whyNoPostgres } from "../support/postgres-database.ts";
import { Tally } from "./tally.ts";
import { Trainer } from "./trainer.ts";

const help = `make soak-controllers ARGS='…': two controllers on one PostgreSQL under load on oci, one of them killed at random, time and again.

  --minutes N    of load (5)
  --at-once N    rollouts at the same time (8)
  --seed N       which controller, when, and for how long it stays away (1)`;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "5" },
    "at-once": { type: "string", default: "8" },
    seed: { type: "string", default: "1" },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const [minutes, atOnce, seed] = [values.minutes, values["at-once"], values.seed].map(Number) as [
  number,
  number,
  number,
];
const unavailable = whyNoPostgres() ?? (await whyUnavailable("oci"));
if (unavailable !== undefined || !(minutes > 0 && atOnce > 0 && seed > 0)) {
  console.error(unavailable ?? "--minutes, --at-once and --seed are numbers above 0.");
  process.exit(2);
}

/** Milliseconds between a kill and the next. */
const CALM_MS = { least: 3_000, most: 12_000 };
/** Milliseconds that a killed one stays away: within its lease, and past it. */
const AWAY_MS = { least: 0, most: 25_000 };

const startedAt = Date.now();
await using place = await dataDirectory();
await using database = await newDatabase();
const before = await traces(place.path);
const tally = new Tally();
const random = new SeededRandom(seed);
const chaos = random.fork();
const task = new FixtureTask("node");
const { files: _files, ...spec } = await task.spec();
const environment = {
  name: "soak",
  image: "host",
  budget: { tool_calls: 20, wall_seconds: 600, idle_seconds: 120, grading_seconds: 120 },
  graders: [{ ...spec, files: task.hiddenFolder }],
};
const start = () =>
  ControllerProcess.start({
    backend: "oci",
    dataDir: place.path,
    flags: ["--store-url", database.url, "--pool-sandboxes", "2", "--log-level", "fatal"],
  });

/** Those that run. One at least always does. */
const running = new Set([await start(), await start()]);
const anyone = () => random.pick([...running]);
const trainer = new Trainer({ controller: anyone, environment, random, tally, idle: 0 });
const load = new AbortController();
setTimeout(() => load.abort(), minutes * 60_000).unref();
const pause = (ms: number) => sleep(ms, undefined, { signal: load.signal }).catch(() => undefined);

await anyone().send("POST", "/v1/environments", environment);
await trainer.rollout();

async function killAtRandom(): Promise<void> {
  while (!load.signal.aborted) {
    await pause(chaos.between(CALM_MS.least, CALM_MS.most));
    if (load.signal.aborted) return;
    const victim = chaos.pick([...running]);
    running.delete(victim);
    await victim.end("SIGKILL");
    tally.controllersKilled++;
    await pause(chaos.between(AWAY_MS.least, AWAY_MS.most));
    running.add(await start());
    console.error(
      `${Math.round((Date.now() - startedAt) / 1000)} s: ${tally.controllersKilled} kills, ${tally.rollouts} rollouts`,
    );
  }
}

async function policy(): Promise<void> {
  while (!load.signal.aborted) await trainer.rollout();
}

await Promise.all([killAtRandom(), ...Array.from({ length: atOnce }, policy)]);

/** What became of a rollout that a controller had said yes to. */
async function became(id: string): Promise<Rollout | undefined> {
  const { status, body } = await anyone().send("GET", `/v1/rollouts/${id}`);
  return status === 200 ? rollout.parse(body) : undefined;
}
const queue = new PQueue({ concurrency: atOnce });
const ends = await queue.addAll(trainer.accepted.map((id) => async () => ({ id, end: await became(id) })));
const lost = ends.filter(({ end }) => end === undefined || end.error !== null || end.status !== "closed");
const changed = await queue.addAll(
  [...trainer.verdicts].map(([id, told]) => async () => {
    const { body } = await anyone().send("POST", `/v1/rollouts/${id}/grade`, {});
    return JSON.stringify(body) === JSON.stringify(told) ? [] : [id];
  }),
);
const unscored = [...trainer.verdicts.values()].filter(({ status }) => status !== "scored").length;
for (const controller of running) await controller.end("SIGTERM");
const left = await newTraces(place.path, before);

const row = (what: string, result: string, ok: boolean): EvidenceRow => ({
  case: what,
  backend: "oci",
  result,
  expected: "none that is wrong",
  ok,
});
const refusals = [...tally.refusals].map(([code, times]) => `${code} ${times}`).join(", ") || "none";
const rows = [
  row("controllers killed", String(tally.controllersKilled), tally.controllersKilled >= minutes * 2),
  row("rollouts that were accepted and lost", `${lost.length} of ${trainer.accepted.length}`, lost.length === 0),
  row(
    "calls that ran twice, or were answered by another's",
    `${tally.wrong.length} of ${tally.answered}`,
    tally.wrong.length === 0,
  ),
  row("verdicts that changed", `${changed.flat().length} of ${trainer.verdicts.size}`, changed.flat().length === 0),
  row("verdicts without a score", `${unscored} of ${trainer.verdicts.size}`, unscored === 0),
  row(
    "errors in answers: calls that a kill cut off",
    refusals,
    [...tally.refusals.keys()].every((code) => code === "outcome_unknown"),
  ),
  row("mounts, cgroups, guests and folders that are left", left.join(", ") || "none", left.length === 0),
];
const report = { ...evidence("soak-controllers", startedAt, rows), load: { minutes, at_once: atOnce, seed } };
const file = await writeEvidence("reports", report);
console.log(
  table(
    ["", "case", "result"],
    rows.map(({ ok, case: what, result }) => [ok ? "" : "!", what, result]),
    60,
  ),
);
for (const sentence of tally.wrong.slice(0, 10)) console.log(`  ${sentence}`);
for (const { id, end } of lost.slice(0, 10))
  console.log(`  ${id}: ${end ? `${end.status} ${end.error?.code ?? ""}` : "unknown"}`);
console.log(`\n${trainer.accepted.length} rollouts in ${minutes} min. The rows are in ${file}.`);
process.exitCode = report.ok ? 0 : 1;
