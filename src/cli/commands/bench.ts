import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Command, Option } from "commander";
import { AnswersDiffer } from "../../bench/alternate.ts";
import { benchEnvironment, sandboxSize } from "../../bench/environment.ts";
import { RawDocker, type DockerFacts } from "../../bench/raw-docker.ts";
import { benchReport, countLine, machineLine, type BenchReport } from "../../bench/report.ts";
import { tableCells, tableHeading, type Row } from "../../bench/row.ts";
import { runScenarios, type Scenario } from "../../bench/scenario.ts";
import { lightScenarios } from "../../bench/scenarios/all.ts";
import { Trainer } from "../../bench/trainer.ts";
import { dockerConnection } from "../../config/docker-connection.ts";
import type { Config } from "../../config/schema.ts";
import { writeEvidence } from "../../core/evidence.ts";
import { printJson, type CliContext } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { ensureImage } from "../ensure-image.ts";
import { startController } from "../own-controller.ts";
import { configOf, withSettings } from "../settings.ts";
import { table } from "../table.ts";

interface Options extends Record<string, unknown> {
  scenario: string[];
  image?: string;
  profile: string;
  reports: string;
  quick?: boolean;
  strict?: boolean;
  json?: boolean;
}

const LOG_QUIET = "error";
/** The scenario of the pool needs as many. */
const FEWEST_POOLED = 4;
const WITH_DOCKER = "base";
const WITHOUT_DOCKER = "host";

async function bench(context: CliContext, options: Options): Promise<void> {
  const config: Config = {
    ...configOf(context, options),
    ...(options["logLevel"] === undefined ? { log_level: LOG_QUIET } : {}),
  };
  const measured = await measure(context, config, options).catch((thrown: unknown) => {
    if (!(thrown instanceof AnswersDiffer)) throw thrown;
    context.terminal.err(thrown.message);
    context.endWith(exitCodes.no);
  });
  if (measured === undefined) return;
  const { rows, report } = measured;
  await writeEvidence(resolve(options.reports), report);
  if (options.json) printJson(context, report);
  else
    context.terminal.out(
      `${machineLine(report.machine)}\n\n${table(tableHeading, rows.map(tableCells), 60)}\n\n${countLine(rows)}`,
    );
  if (options.strict && !report.ok) context.endWith(exitCodes.no);
}

async function measure(
  context: CliContext,
  config: Config,
  options: Options,
): Promise<{ rows: readonly Row[]; report: BenchReport }> {
  const startedAtMs = Date.now();
  const chosen = lightScenarios.filter(({ name }) => options.scenario.length === 0 || options.scenario.includes(name));
  const facts = await dockerFacts(dockerConnection(config.docker_host));
  const rows: Row[] = [];
  for (const pooled of [false, true]) {
    const ofThese = chosen.filter((scenario) => (scenario.pooled === true) === pooled);
    const pool_sandboxes = pooled ? Math.max(config.pool_sandboxes, FEWEST_POOLED) : 0;
    if (ofThese.length > 0)
      rows.push(
        ...(await measureOn(context, { ...config, pool_sandboxes }, { ...options, facts, scenarios: ofThese })),
      );
  }
  return { rows, report: benchReport({ startedAtMs, rows, docker: facts, quick: options.quick === true }) };
}

/** Scenarios on one controller. */
async function measureOn(
  context: CliContext,
  config: Config,
  options: Options & { facts: DockerFacts | undefined; scenarios: readonly Scenario[] },
): Promise<readonly Row[]> {
  const { facts, profile, quick = false } = options;
  const say = (text: string) => context.terminal.err(text);
  const dataDir = join(config.data_dir, "bench");
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await using controller = await startController({ ...config, data_dir: dataDir }, context.compose);
  const { berth, url, key } = controller;
  const image = options.image ?? (facts ? WITH_DOCKER : WITHOUT_DOCKER);
  const alone = facts ? "" : "; no Docker daemon answers, so Berth is measured alone";
  say(`Berth on ${berth.provider}, image ${image}${alone}`);
  const rawImage = facts && (image === WITH_DOCKER ? (await ensureImage(berth, image, say)).digest : image);
  const connection = dockerConnection(config.docker_host);
  await using docker = rawImage ? new RawDocker({ connection, image: rawImage, size: sandboxSize }) : undefined;
  using trainer = new Trainer({ url, key });
  await trainer.deleteAll();
  const environment = benchEnvironment({ image, profile });
  await trainer.register(environment);
  await berth.service.buildEnvironment(environment.name, say);
  return await runScenarios(options.scenarios, { trainer, docker, backend: berth.provider, environment, quick, say });
}

/** Undefined where no daemon answers. */
async function dockerFacts(connection: ReturnType<typeof dockerConnection>): Promise<DockerFacts | undefined> {
  await using docker = new RawDocker({ connection, image: "", size: sandboxSize });
  return await docker.facts().catch(() => undefined);
}

export const benchCommand = (context: CliContext): Command =>
  withSettings(new Command("bench"))
    .summary("how fast Berth is on this machine, beside raw Docker")
    .description(
      "Starts a controller of its own and measures tool calls and the creation and end of sandboxes through the HTTP API. Where a Docker daemon answers, raw Docker does the same work in turns with it, and each row says the ratio and whether Berth's target is met. Ends with 1, and reports nothing, when the two gave different answers.",
    )
    .addOption(
      new Option("--scenario <name...>", "only these").choices(lightScenarios.map(({ name }) => name)).default([]),
    )
    .option("--quick", "few samples: seconds instead of minutes, and figures that say little")
    .option("--image <image>", "the image on both sides; by default base where Docker is, else host")
    .option("--profile <name>", "the isolation profile of the sandboxes", "standard")
    .option("--strict", "end with 1 when a target is missed")
    .option("--reports <folder>", "where bench.json goes", "reports")
    .option("--json", "print the report as JSON")
    .addHelpText(
      "after",
      `
Examples:
  berth bench
  berth bench --quick --scenario shell read
  berth bench --provider docker --json

Scenarios:
${lightScenarios.map(({ name, title }) => `  ${name.padEnd(10)} ${title}`).join("\n")}`,
    )
    .action((options: Options) => bench(context, options));
