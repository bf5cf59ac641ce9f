import { Command } from "commander";
import { systemClock } from "../../core/clock.ts";
import { followJob, hasSucceeded } from "../../dialects/agent-rft/jobs/follow.ts";
import type { TrainingEvent, TrainingJob } from "../../dialects/agent-rft/jobs/training-service.ts";
import type { CliContext } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { count } from "../option-values.ts";
import { printableLine } from "../printable.ts";
import { trainingService } from "../training-service.ts";

interface Options {
  service?: string;
  every: number;
  json?: boolean;
}

/** Numbers of an event, such as a step's mean reward. */
function figures(data: unknown): string {
  if (typeof data !== "object" || data === null) return "";
  const numbers = Object.entries(data).filter((entry): entry is [string, number] => typeof entry[1] === "number");
  return numbers.map(([name, value]) => `  ${printableLine(name, 40)} ${Number(value.toPrecision(4))}`).join("");
}

const time = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ");

const eventLine = ({ created_at, level, message, data }: TrainingEvent): string =>
  `${time(created_at)}  ${printableLine(level, 5).padEnd(5)}  ${printableLine(message, 400)}${figures(data)}`;

function statusLine({ status, fine_tuned_model, error }: TrainingJob): string {
  const model = fine_tuned_model ? `: ${fine_tuned_model}` : "";
  const reason = error?.message ? `: ${error.message}` : "";
  return printableLine(`${status}${model}${reason}`, 400);
}

async function watch(context: CliContext, id: string, options: Options): Promise<void> {
  const { terminal } = context;
  const service = await trainingService(context, options);
  const tell = (value: object, line: string) => terminal.out(options.json ? JSON.stringify(value) : line);
  const job = await followJob(id, {
    service,
    clock: systemClock,
    intervalMs: options.every * 1000,
    onEvent: (event) => tell({ type: "event", ...event }, eventLine(event)),
    onStatus: ({ id: job_id, status, fine_tuned_model, trained_tokens, error }) =>
      tell(
        { type: "status", job_id, status, fine_tuned_model, trained_tokens, error },
        statusLine({ id: job_id, status, fine_tuned_model, error }),
      ),
  });
  if (!hasSucceeded(job)) context.endWith(exitCodes.no);
}

export const rftJobWatchCommand = (context: CliContext): Command =>
  new Command("watch")
    .summary("follow a job until it ends")
    .description(
      "Prints what the trainer tells of a job, each thing once, and its status when it changes. Ends with the job: exit code 0 when it succeeded, else 1. With --json one JSON value a line.",
    )
    .argument("<id>", "the job")
    .option("--service <url>", "the trainer's base URL (OPENAI_BASE_URL, or AZURE_OPENAI_ENDPOINT; OpenAI's)")
    .option("--every <seconds>", "how often to look", count(3600), 10)
    .option("--json", "print one JSON value a line")
    .addHelpText(
      "after",
      `
Examples:
  berth rft job watch ftjob-abc123
  berth rft job watch ftjob-abc123 --json | jq 'select(.data) | .data'`,
    )
    .action((id: string, options: Options) => watch(context, id, options));
