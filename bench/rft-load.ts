import path from "node:path";
import { parseArgs } from "node:util";
import { checkRow, loadCells, loadHeading, loadRows } from "../src/cli/rft-report.ts";
import { table } from "../src/cli/table.ts";
import { evidence, writeEvidence } from "../src/core/evidence.ts";
import { load } from "../src/dialects/agent-rft/stand-in/load.ts";
import { preflight } from "../src/dialects/agent-rft/stand-in/preflight.ts";
import { StandInTrainer } from "../src/dialects/agent-rft/stand-in/trainer.ts";
import { whyUnavailable } from "../test/support/backend-availability.ts";
import { controllerKey } from "../test/support/controller-process.ts";
import { withController } from "./open-backend.ts";
import { loadSection, writeLoadSection } from "./rft-page.ts";

const help = `make rft-load ARGS='…': what a hosted trainer does at a step's beginning, on oci: new rollouts in one second, calls at rising rates, grades.

  --rollouts N   that begin in one second (500)
  --rate N       calls a second; again for one phase after the other (50, 200, 500)
  --seconds N    how long each rate is held (10)

UPDATE_DOCS=1 writes the figures into docs/agent-rft.md.`;

const { values } = parseArgs({
  options: {
    rollouts: { type: "string", default: "500" },
    rate: { type: "string", multiple: true, default: ["50", "200", "500"] },
    seconds: { type: "string", default: "10" },
    help: { type: "boolean", short: "h", default: false },
  },
});

if (values.help) {
  console.log(help);
  process.exit(0);
}
const numbers = [values.rollouts, values.seconds, ...values.rate].map(Number);
if (numbers.some((number) => !Number.isInteger(number) || number < 1)) {
  console.error("Every value is a whole number from 1 up; --help lists them.");
  process.exit(2);
}
const unavailable = await whyUnavailable("oci");
if (unavailable !== undefined) {
  console.error(unavailable);
  process.exit(2);
}

const startedAtMs = Date.now();
const say = (text: string): void => console.error(text);
const plan = {
  rollouts: Number(values.rollouts),
  rates: values.rate.map(Number),
  seconds: Number(values.seconds),
  gradesPerSecond: 50,
  onProgress: say,
};
const item = { environment: "rft-load" };
const environment = {
  name: item.environment,
  image: "host",
  resources: { memory_mb: 256, pids: 64 },
  tools: ["shell"],
  // Small, so that what is measured is the way of a grade and not the time of somebody's tests.
  graders: [
    {
      type: "tests",
      command: "printf 'TAP version 13\\n# done\\nok 1 done\\n1..1\\n'",
      framework: "tap",
      canaries: false,
    },
  ],
};

const dataDir = path.resolve(import.meta.dirname, "../build/rft-load");
const { result, left } = await withController({ backend: "oci", dataDir, pooled: true }, async (controller) => {
  await controller.send("POST", "/v1/environments", { environment });
  const address = { url: controller.url, key: controllerKey };
  const checks = await preflight({ trainer: new StandInTrainer(address), address, item }, ({ ok, title, seen }) =>
    say(`${ok ? "ok    " : "FAILED"}  ${title}: ${seen}`),
  );
  return { checks, loaded: await load(new StandInTrainer(address), item, plan) };
});

const report = evidence("rft", startedAtMs, [...result.checks.map(checkRow), ...loadRows(result.loaded)]);
const file = await writeEvidence("reports", report);
if (process.env["UPDATE_DOCS"] === "1") await writeLoadSection(loadSection(result.loaded, plan, report));
console.log(
  `${table(loadHeading, loadCells(result.loaded))}\n\n${result.loaded.discarded} rollouts discarded. The rows are in ${file}.`,
);
for (const { case: name, result: seen } of report.rows.filter(({ ok }) => !ok)) console.error(`${name}: ${seen}`);
if (left.length > 0) console.error(`LEFT BEHIND:\n  ${left.join("\n  ")}`);
process.exitCode = report.ok && left.length === 0 ? 0 : 1;
