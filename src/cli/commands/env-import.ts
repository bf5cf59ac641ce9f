import { readFileSync, statSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { parse } from "yaml";
import { BerthError } from "../../core/errors.ts";
import { paced } from "../../core/pace.ts";
import { folderSources, taskFolders } from "../../dataset/harbor/folder-sources.ts";
import { importTasks, type ImportedTask, type ImportOptions, type TaskSource } from "../../dataset/import-tasks.ts";
import { Repositories } from "../../dataset/repositories.ts";
import { rowSources } from "../../dataset/row-sources.ts";
import { trainingRow } from "../../dataset/training-row.ts";
import { environment as environmentSchema, type EnvironmentInput } from "../../model/environment.ts";
import { describeIssues } from "../../model/issues.ts";
import { Mirrors } from "../../snapshot/mirror.ts";
import { builtinTools } from "../../tool/builtin-tools.ts";
import { toOpenAI } from "../../tool/formats.ts";
import { clientFor, printJson, type CliContext } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { printableLine } from "../printable.ts";
import { count } from "../option-values.ts";
import { configOf, withBerth, withSettings } from "../settings.ts";
import { table } from "../table.ts";

interface Options extends Record<string, unknown> {
  out: string;
  template?: string;
  image?: string;
  command?: string;
  repositoryUrl: string;
  rows?: string;
  limit?: number;
  url?: string;
  json?: boolean;
}

type Template = Partial<EnvironmentInput>;
type Keeping = Pick<ImportOptions, "register" | "build">;

/** @throws BerthError `invalid_environment` */
function readTemplate(path: string | undefined): Template {
  if (path === undefined) return {};
  const content: unknown = parse(readFileSync(path, "utf8"));
  const parsed = environmentSchema.partial().safeParse(content);
  if (!parsed.success)
    throw new BerthError("invalid_environment", `${path} was refused: ${describeIssues(parsed.error.issues)}.`);
  return content as Template;
}

/** @throws BerthError `invalid_request` when there is nothing to read */
async function sourcesOf(source: string, options: Options, rows: () => Repositories, template: Template) {
  const { image, command } = options;
  const facts = statSync(source, { throwIfNoEntry: false });
  if (facts?.isFile()) return rowSources(source, { template, repositories: rows(), image, command });
  const folders = facts?.isDirectory() ? await taskFolders(source) : [];
  if (folders.length > 0) return folderSources(folders, { template, image });
  const reason = facts ? "holds no task folder of Harbor's: none has a task.toml" : "is not there";
  throw new BerthError("invalid_request", `${source} ${reason}.`, {
    remedy: "Name a file with one JSON object a line, a task folder, or a folder of task folders.",
  });
}

async function importEnvironments(context: CliContext, source: string, options: Options): Promise<void> {
  const { terminal, env } = context;
  const template = readTemplate(options.template);
  const onProgress = paced((message: string) => terminal.err(message));
  const repositories = () => {
    const mirrors = new Mirrors(join(configOf(context, options).data_dir, "mirrors"), env);
    return new Repositories({ mirrors, url: options.repositoryUrl, processEnv: env, onProgress });
  };
  const sources: AsyncIterable<TaskSource> = await sourcesOf(source, options, repositories, template);
  const directory = resolve(options.out);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const { limit } = options;
  const onTask = (done: number) => onProgress(`${done} done`);
  const work = (keeping: Keeping) => importTasks(sources, { directory, limit, onTask, ...keeping });
  const results = await keeping(context, options, onProgress, work);
  const made = results.filter((one) => one.status !== "skipped");
  if (options.rows !== undefined) {
    const tools = builtinTools.filter(({ name }) => template.tools?.includes(name) ?? true).map(toOpenAI);
    await writeFile(options.rows, made.map(({ task }) => `${JSON.stringify(trainingRow(task, tools))}\n`).join(""));
  }
  if (made.length === 0) context.endWith(exitCodes.no);
  if (options.json) return printJson(context, results.map(told));
  printSummary(context, results, directory);
}

/** With a running controller, or in this machine's data directory. Images are built on this machine. */
function keeping<T>(
  context: CliContext,
  options: Options,
  onProgress: (message: string) => void,
  work: (keeping: Keeping) => Promise<T>,
): Promise<T> {
  const say = (message: string) => onProgress(printableLine(message));
  if (options.url === undefined) {
    return withBerth(context, options, (berth) =>
      work({
        build: (image) => berth.buildFolder(image, say),
        register: async ({ environment }, folder) =>
          void (await berth.service.registerEnvironment(environment, folder)),
      }),
    );
  }
  const client = clientFor(context, options);
  return work({
    build: (image) => withBerth(context, options, (berth) => berth.buildFolder(image, say), "observer"),
    register: async ({ environment }, folder) => void (await client.registerEnvironment(environment, folder)),
  });
}

const told = ({ at, ...one }: ImportedTask): object => {
  if (one.status === "skipped") return { ...at, ...one };
  const { status, environment, task } = one;
  return { ...at, status, environment, ...(task.notes === undefined ? {} : { notes: task.notes }) };
};

const placeOf = (at: ImportedTask["at"]): string => ("line" in at ? `line ${at.line}` : at.folder);

/** Quotes and numbers differ from row to row; the reason is the same. */
const kindOf = (reason: string): string => reason.replaceAll(/"[^"]*"/g, "…").replaceAll(/\d+/g, "n");

function printSummary({ terminal }: CliContext, results: readonly ImportedTask[], directory: string): void {
  const of = (status: ImportedTask["status"]) => results.filter((one) => one.status === status).length;
  terminal.out(`${of("written")} written, ${of("unchanged")} unchanged, ${of("skipped")} skipped, in ${directory}`);
  const skipped = results.flatMap((one) =>
    one.status === "skipped" ? [[one.id ?? placeOf(one.at), one.reason] as const] : [],
  );
  const noted = results.flatMap((one) =>
    one.status === "skipped" ? [] : (one.task.notes ?? []).map((note) => [one.environment, note] as const),
  );
  printKinds(terminal, ["skipped", "such as", "reason"], skipped);
  printKinds(terminal, ["taken", "such as", "but"], noted);
}

/** How many there are of each kind of text, most first, with one of them. */
function printKinds(
  terminal: CliContext["terminal"],
  header: readonly string[],
  all: readonly (readonly [string, string])[],
): void {
  if (all.length === 0) return;
  const rows = [...Map.groupBy(all, ([, text]) => kindOf(text)).values()]
    .toSorted((a, b) => b.length - a.length)
    .map((same) => [String(same.length), ...(same[0] ?? [])]);
  terminal.out(`\n${table(header, rows)}`);
}

export const envImportCommand = (context: CliContext): Command =>
  withSettings(new Command("import"))
    .summary("make environments of a data set's rows, or of task folders")
    .description(
      "Reads rows of SWE-bench, SWE-smith, SWE-rebench-V2 or R2E-Gym (JSONL), or task folders of Harbor's, whose images it builds; writes a folder for each: the environment, its hidden tests, its solution; and registers the environments. The same again changes nothing. What cannot be used is named with the reason; exit code 1 when nothing could be.",
    )
    .argument("<source>", "a JSONL file, a task folder, or a folder of task folders")
    .requiredOption("--out <folder>", "where the tasks' folders go; on the controller's machine with --url")
    .option(
      "--template <file>",
      "an environment's YAML with all that they do not say: profile, tools, budget, resources",
    )
    .option(
      "--image <reference>",
      "the image of each instead of its own; {instance_id}, and of rows {repo} and {version}, are filled in",
    )
    .option("--command <command>", "the test command of each row instead of its own; the test files follow it")
    .option("--repository-url <url>", "where `owner/name` lies", "https://github.com/{repo}.git")
    .option("--rows <file>", "write the trainer's dataset there: a line for each environment, with its tools")
    .option("--limit <n>", "only the first of them", count(10_000_000))
    .option("--url <url>", "register with this running controller (its key in BERTH_API_KEY)")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  berth env import swe-bench-verified.jsonl --out tasks --template template.yaml --rows train.jsonl
  berth env import terminal-bench/ --out tasks --rows train.jsonl
  berth env import rows.jsonl --out tasks --image 'registry.example.org/{instance_id}' --limit 10 --json`,
    )
    .action((source: string, options: Options) => importEnvironments(context, source, options));
