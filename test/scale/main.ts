import { readFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { table } from "../../src/cli/table.ts";
import { evidence, writeEvidence } from "../../src/core/evidence.ts";
import { ControllerProcess, controllerKey, dataDirectory } from "../support/controller-process.ts";
import { whyNoPostgres } from "../support/postgres-database.ts";
import { travel, type Plan } from "./journey.ts";
import { cluster } from "./measured.ts";
import { countedDatabase } from "./records.ts";
import { rowsOf } from "./rows.ts";
import { Trainer } from "./trainer.ts";
import { Watch } from "./watch.ts";

const help = `make scale ARGS='…': the real controller on PostgreSQL with a simulated cluster of measured constants.

  --rollouts N   at the same time (10000)
  --create-rate N  rollouts begun a second (100)
  --calls N      of each, while all are active (2)
  --call-rate N  calls a second (200)
  --grade-rate N gradings begun a second (40)
  --writes N     a second to the API server (200)`;

const { values } = parseArgs({
  options: {
    rollouts: { type: "string", default: "10000" },
    "create-rate": { type: "string", default: "100" },
    calls: { type: "string", default: "2" },
    "call-rate": { type: "string", default: "200" },
    "grade-rate": { type: "string", default: "40" },
    writes: { type: "string", default: "200" },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const missing = whyNoPostgres();
if (missing !== undefined) {
  console.error(missing);
  process.exit(2);
}
const plan: Plan = {
  rollouts: Number(values.rollouts),
  createsPerSecond: Number(values["create-rate"]),
  calls: Number(values.calls),
  callsPerSecond: Number(values["call-rate"]),
  gradesPerSecond: Number(values["grade-rate"]),
};
const writesPerSecond = Number(values.writes);
if ([...Object.values(plan), writesPerSecond].some((number) => !Number.isInteger(number) || number < 1)) {
  console.error("Every value is a whole number from 1 up; --help lists them.");
  process.exit(2);
}

const startedAtMs = Date.now();
const say = (line: string): void => console.error(line);
await using place = await dataDirectory();
await using database = await countedDatabase();
const counts = path.join(place.path, "writes.json");
const room = String(Math.ceil(plan.rollouts * 1.25));
const controller = await ControllerProcess.start({
  backend: "memory",
  dataDir: place.path,
  entry: path.join(import.meta.dirname, "controller.ts"),
  flags: [
    ...["--store-url", database.url, "--max-rollouts", room, "--max-waiting", room, "--max-starting", "1000"],
    ...["--max-grading", "1000", "--memory-floor-mb", "0", "--pool-sandboxes", "0"],
  ],
  env: { SCALE_COUNTS: counts, SCALE_WRITES_PER_SECOND: String(writesPerSecond) },
});
let isEnding = false;
void controller.lastWords().then((words) => {
  if (isEnding) return;
  console.error(`The controller has ended before its time:\n${words.slice(-4_000)}`);
  process.exit(1);
});
const trainer = new Trainer(controller.url, controllerKey);
const environment = {
  name: "scale",
  image: "memory",
  tools: ["shell"],
  budget: { tool_calls: 1_000, wall_seconds: 14_400, idle_seconds: 7_200 },
  graders: [
    {
      type: "tests",
      command: "echo 'TAP version 13'; echo '# done'; echo 'ok 1 done'; echo '1..1'",
      framework: "tap",
      canaries: false,
    },
  ],
};
await trainer.send("POST", "/v1/environments", { environment });
const watch = new Watch(trainer, 2_000);
const travelled = await travel(trainer, watch, plan, say);
await watch.stop();
trainer.close();
isEnding = true;
const ended = await controller.end("SIGTERM");
const { writes } = JSON.parse(await readFile(counts, "utf8")) as { writes: number };

const rows = rowsOf({
  plan,
  travelled,
  putOff: trainer.putOff,
  watch,
  records: await database.count(),
  writes,
  writesPerSecond,
  cluster,
  ended,
});
const report = evidence("scale", startedAtMs, rows);
const file = await writeEvidence("reports", report);
console.log(
  table(
    ["", "case", "result", "expected"],
    rows.map((row) => [row.ok ? "" : "!", row.case, row.result, row.expected]),
    70,
  ),
);
for (const failure of travelled.failures.slice(0, 5)) console.error(failure);
console.log(`The rows are in ${file}.`);
process.exitCode = report.ok ? 0 : 1;
