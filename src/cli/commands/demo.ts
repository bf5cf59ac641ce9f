import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Command } from "commander";
import type { Config } from "../../config/schema.ts";
import { BerthError } from "../../core/errors.ts";
import { printJson, type CliContext } from "../context.ts";
import { newTraces, traces } from "../demo/leftovers.ts";
import { play } from "../demo/play.ts";
import { policies } from "../demo/policies.ts";
import { liveProgress, plainProgress } from "../demo/progress.ts";
import { releaseTask } from "../demo/release.ts";
import { demoReport, printReport, writeReport, type DemoReport } from "../demo/report.ts";
import { deriveTask, type TaskSource } from "../demo/task.ts";
import { ensureImage } from "../ensure-image.ts";
import { startController } from "../own-controller.ts";
import { configOf, withSettings } from "../settings.ts";

interface Options extends Record<string, unknown> {
  repo?: string;
  commit?: string;
  test?: string;
  setup?: string[];
  image?: string;
  report: string;
  json?: boolean;
}

const LOG_QUIET = "error";

async function demo(context: CliContext, options: Options): Promise<void> {
  const config: Config = {
    ...configOf(context, options),
    ...(options["logLevel"] === undefined ? { log_level: LOG_QUIET } : {}),
  };
  const report = await run(context, config, options);
  await writeReport(resolve(options.report), report);
  if (options.json) printJson(context, report);
  else context.terminal.out(printReport(report));
  if (!report.ok) context.endWith(1);
}

async function run(context: CliContext, config: Config, options: Options): Promise<DemoReport> {
  const startedAt = new Date();
  const { terminal } = context;
  const live = terminal.color && options.json !== true;
  const progress = live ? liveProgress(terminal, (text) => process.stdout.write(text)) : plainProgress(terminal);
  const dataDir = join(config.data_dir, "demo");
  await mkdir(join(dataDir, "demo"), { recursive: true, mode: 0o700 });
  const before = await traces(dataDir);

  const say = (name: string) => (text: string) => progress.step(name, text);
  const source = await taskSource(options, join(dataDir, "demo"), say("task"));
  const { played, left, backend, title } = await (async () => {
    // Three rollouts and no more: what would wait for a fourth only stands beside what is shown as left behind.
    await using controller = await startController(
      { ...config, data_dir: dataDir, pool_sandboxes: 0 },
      context.compose,
    );
    const { berth, client, url } = controller;
    const image = source.image ?? (berth.provider === "oci" ? "host" : "node");
    progress.step("task", source.title);
    progress.step("controller", `${url} (provider ${berth.provider}, image ${image})`);
    const task = await deriveTask(source, { dataDir, image, processEnv: context.env, onProgress: say("task") });
    if (image === "node") await ensureImage(berth, image, say("image"));
    await client.registerEnvironment(task.environment);
    const built = await berth.service.buildEnvironment(task.environment.name, say("snapshot"));
    progress.step(
      "snapshot",
      `${built.snapshot.slice(0, 12)} ${built.built ? `built in ${(built.durationMs / 1000).toFixed(1)} s` : "was there"}`,
    );
    const results = await Promise.all(policies.map((policy) => play(policy, task, client, progress)));
    progress.end();
    const orphans = await berth.sweep({ dryRun: true, onProgress: () => {} });
    return {
      played: results,
      left: orphans.map(({ kind, id }) => `${kind} ${id}`),
      backend: berth.provider,
      title: task.title,
    };
  })();
  return demoReport({
    title,
    backend,
    startedAt: startedAt.toISOString(),
    played,
    left: [...left, ...(await newTraces(dataDir, before))],
    totalMs: Date.now() - startedAt.getTime(),
  });
}

async function taskSource(options: Options, dir: string, onProgress: (message: string) => void): Promise<TaskSource> {
  const { repo, commit, test, setup = [], image } = options;
  if (repo === undefined && commit === undefined && test === undefined) {
    return { ...(await releaseTask(dir, onProgress)), ...(image === undefined ? {} : { image }) };
  }
  if (repo === undefined || commit === undefined || test === undefined) {
    throw new BerthError("invalid_config", "--repo, --commit and --test go together.", {
      remedy: 'berth demo --repo URL --commit SHA --test "pytest -q"',
    });
  }
  return { title: `${repo} at ${commit.slice(0, 12)}`, url: repo, fix: commit, image, setup, test };
}

export const demoCommand = (context: CliContext): Command =>
  withSettings(new Command("demo"))
    .summary("three rollouts of a real task, graded")
    .description(
      "Takes two adjacent releases of an upstream library: the older is where rollouts start, the newer brings the fix and hidden tests. Three rollouts run side by side through the HTTP API: one applies the fix (reward 1), one does nothing (0), one rewrites the visible tests (0). Ends with 0 only if the three rewards are right and nothing is left on the machine.",
    )
    .option("--repo <url>", "another repository, instead of the release pair")
    .option("--commit <sha>", "its commit that mends something and brings tests for it; rollouts start from the parent")
    .option("--test <command>", "what runs its tests")
    .option(
      "--setup <command>",
      "a setup step, run once as root; may be repeated",
      (step: string, steps: string[]) => [...steps, step],
      [],
    )
    .option("--image <image>", "the image; by default host on oci, node on docker")
    .option("--report <file>", "where the report goes", "reports/demo.json")
    .option("--json", "print the report as JSON")
    .addHelpText(
      "after",
      `
Examples:
  berth demo
  berth demo --provider docker
  berth demo --repo https://example.com/lib.git --commit 0123456789abcdef0123456789abcdef01234567 --test "pytest -q"`,
    )
    .action((options: Options) => demo(context, options));
