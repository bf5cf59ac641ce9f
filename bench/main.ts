import path from "node:path";
import { parseArgs } from "node:util";
import { AnswersDiffer } from "../src/bench/alternate.ts";
import { benchEnvironment, sandboxSize } from "../src/bench/environment.ts";
import { RawDocker } from "../src/bench/raw-docker.ts";
import { benchReport, countLine, machineLine } from "../src/bench/report.ts";
import { tableCells, tableHeading, type Row } from "../src/bench/row.ts";
import { runScenarios, type Scenario } from "../src/bench/scenario.ts";
import { lightScenarios } from "../src/bench/scenarios/all.ts";
import { Trainer } from "../src/bench/trainer.ts";
import { table } from "../src/cli/table.ts";
import { dockerConnection } from "../src/config/docker-connection.ts";
import { loadConfig } from "../src/config/load.ts";
import { writeEvidence } from "../src/core/evidence.ts";
import { folderReference } from "../src/provider/docker/names.ts";
import { whyUnavailable } from "../test/support/backend-availability.ts";
import { controllerKey } from "../test/support/controller-process.ts";
import type { HeavyBench } from "./heavy-bench.ts";
import { withController } from "./open-backend.ts";
import { writePerformancePage } from "./performance-page.ts";
import { burst } from "./scenarios/burst.ts";
import { density } from "./scenarios/density.ts";
import { repositoryScenario } from "./scenarios/large-repository.ts";

const providers = ["oci", "docker"];
const scenarios: readonly Scenario<HeavyBench>[] = [...lightScenarios, repositoryScenario, burst, density];
const image = "base";

const help = `make bench ARGS='…': Berth and raw Docker in turns on the same work. Ends non-zero, and reports nothing, when their answers differ.

  --provider NAME    oci or docker; again for both (both)
  --scenario NAME    only this one; again for more
  --sandboxes N      live sandboxes of the scenario density (2000)
  --quick            few samples: to see that it works
  --strict           end with 1 when a target is missed
  --json             the report instead of the table

${scenarios.map(({ name, title }) => `  ${name.padEnd(17)}  ${title}`).join("\n")}

UPDATE_DOCS=1 writes docs/performance.md after a whole run that is not quick.`;

const { values } = parseArgs({
  options: {
    provider: { type: "string", multiple: true, default: providers },
    scenario: { type: "string", multiple: true, default: scenarios.map(({ name }) => name) },
    sandboxes: { type: "string", default: "2000" },
    quick: { type: "boolean", default: false },
    strict: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

function stop(message: string, code = 2): never {
  console.error(message);
  process.exit(code);
}

if (values.help) {
  console.log(help);
  process.exit(0);
}
for (const name of values.provider) if (!providers.includes(name)) stop(`There is no provider ${name} to measure.`);
for (const name of values.scenario)
  if (!scenarios.some((scenario) => scenario.name === name)) stop(`There is no scenario ${name}; --help lists them.`);
const sandboxes = Number(values.sandboxes);
if (!Number.isInteger(sandboxes) || sandboxes < 10) stop(`--sandboxes ${values.sandboxes} is not a number from 10 up.`);

const chosen = scenarios.filter(({ name }) => values.scenario.includes(name));
const cacheDir = path.resolve(import.meta.dirname, "../build/bench");
const startedAtMs = Date.now();
await using docker = new RawDocker({
  connection: dockerConnection(loadConfig().docker_host),
  image: folderReference(image),
  size: sandboxSize,
});
const facts = await docker.facts().catch((error: unknown) => stop(`No Docker daemon answers: ${String(error)}`));

// The controller gets the terminal's signal itself; its rollouts end with the next run.
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => void docker[Symbol.asyncDispose]().finally(() => process.exit(130)));

const rows: Row[] = [];
const left: string[] = [];
for (const backend of values.provider) {
  const unavailable = await whyUnavailable(backend);
  if (unavailable !== undefined) stop(unavailable);
  for (const pooled of [false, true]) {
    const ofThese = chosen.filter((scenario) => (scenario.pooled === true) === pooled);
    if (ofThese.length === 0) continue;
    const measured = await withController(
      { backend, dataDir: path.join(cacheDir, backend), pooled },
      async (controller) => {
        using trainer = new Trainer({ url: controller.url, key: controllerKey });
        await trainer.deleteAll();
        const environment = benchEnvironment({ image });
        await trainer.register(environment);
        return await runScenarios(ofThese, {
          trainer,
          docker,
          backend,
          environment,
          quick: values.quick,
          sandboxes,
          cacheDir,
          controller,
          say: (text) => console.error(`${backend.padEnd(6)}  ${text}`),
        });
      },
    ).catch((error: unknown) => {
      if (error instanceof AnswersDiffer) stop(error.message, 1);
      throw error;
    });
    rows.push(...measured.result);
    left.push(...measured.left);
  }
}

const report = benchReport({ startedAtMs, rows, docker: facts, quick: values.quick });
const file = await writeEvidence("reports", report);
const whole = chosen.length === scenarios.length && new Set(values.provider).size === providers.length && !values.quick;
if (process.env["UPDATE_DOCS"] === "1" && whole) await writePerformancePage(rows, report);
if (values.json) console.log(JSON.stringify(report, null, 2));
else
  console.log(
    `${machineLine(report.machine)}\n\n${table(tableHeading, rows.map(tableCells), 60)}\n\n${countLine(rows)} The rows are in ${file}.`,
  );
if (left.length > 0) console.error(`LEFT BEHIND:\n  ${left.join("\n  ")}`);
process.exitCode = left.length > 0 || (values.strict && !report.ok) ? 1 : 0;
