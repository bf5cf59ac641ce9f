import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Command } from "commander";
import { parse } from "yaml";
import { BerthError } from "../../core/errors.ts";
import { systemIds } from "../../core/ids.ts";
import { jobBody, SHOWN_KEY } from "../../dialects/agent-rft/jobs/job-body.ts";
import { jobFile, type JobFile } from "../../dialects/agent-rft/jobs/job-file.ts";
import { describeIssues } from "../../model/issues.ts";
import { printJson, type CliContext } from "../context.ts";
import { trainingService } from "../training-service.ts";

interface Options {
  service?: string;
  dryRun?: boolean;
  json?: boolean;
}

function readJob(path: string): JobFile {
  let content: unknown;
  try {
    content = parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new BerthError("invalid_request", `${path} cannot be read as YAML: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const parsed = jobFile.safeParse(content);
  if (!parsed.success)
    throw new BerthError("invalid_request", `${path} was refused: ${describeIssues(parsed.error.issues)}.`);
  return parsed.data;
}

/** The path of a file that is to be uploaded; undefined for the id of one that the trainer has. */
function toUpload(named: string, folder: string): string | undefined {
  const path = resolve(folder, named);
  if (existsSync(path)) return path;
  if (/^file-[\w-]+$/.test(named)) return undefined;
  throw new BerthError("invalid_request", `There is no file ${path}, and ${named} is not the id of one.`, {
    remedy: "Give a path from the job's file, or an id `file-…` that the trainer knows.",
  });
}

async function create(context: CliContext, path: string, options: Options): Promise<void> {
  const { terminal, env } = context;
  const job = readJob(path);
  const folder = dirname(resolve(path));
  const submission = systemIds.uuid();
  const named = { training: job.training_file, validation: job.validation_file };
  const paths = Object.values(named).flatMap((name) =>
    name === undefined ? [] : [[name, toUpload(name, folder)] as const],
  );
  if (options.dryRun) return printJson(context, jobBody(job, { key: SHOWN_KEY, submission, files: named }));

  const key = env["BERTH_API_KEY"];
  if (!key)
    throw new BerthError("invalid_config", "BERTH_API_KEY: it is not set, so the trainer could not reach Berth.");
  const service = await trainingService(context, options);
  const ids = new Map<string, string>();
  for (const [name, local] of paths) {
    if (local === undefined || ids.has(name)) continue;
    terminal.err(`uploading ${local}`);
    ids.set(name, await service.upload(local));
  }
  const idOf = (name: string): string => ids.get(name) ?? name;
  const files = {
    training: idOf(named.training),
    validation: named.validation === undefined ? undefined : idOf(named.validation),
  };
  const made = await service.create(jobBody(job, { key, submission, files }));
  if (options.json) return printJson(context, { id: made.id, status: made.status, submission, files });
  terminal.out(`${made.id}  ${made.status}\nFollow it: berth rft job watch ${made.id}`);
}

export const rftJobCreateCommand = (context: CliContext): Command =>
  new Command("create")
    .summary("submit a job whose tools and grader are Berth's")
    .description(
      "Uploads the dataset's files unless the trainer has them, and submits the job. The keys are read from OPENAI_API_KEY (or AZURE_OPENAI_API_KEY) and BERTH_API_KEY. A job is begun once: when its answer is lost, it is looked for before anything is said.",
    )
    .argument("<file>", "the job, in YAML: docs/agent-rft.md has its fields")
    .option("--service <url>", "the trainer's base URL (OPENAI_BASE_URL, or AZURE_OPENAI_ENDPOINT; OpenAI's)")
    .option("--dry-run", "print the body, without Berth's key, and send nothing")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  berth rft job create job.yaml --dry-run
  berth rft job create job.yaml --service https://NAME.openai.azure.com/openai/v1`,
    )
    .action((path: string, options: Options) => create(context, path, options));
