import { Command, InvalidArgumentError } from "commander";
import { controllerAddress } from "../../config/controller.ts";
import { evidence, type EvidenceRow } from "../../core/evidence.ts";
import { load } from "../../dialects/agent-rft/stand-in/load.ts";
import { preflight } from "../../dialects/agent-rft/stand-in/preflight.ts";
import { StandInTrainer } from "../../dialects/agent-rft/stand-in/trainer.ts";
import { item as itemSchema, type Item } from "../../model/item.ts";
import { printJson, type CliContext } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { count } from "../option-values.ts";
import { checkRow, loadCells, loadHeading, loadRows } from "../rft-report.ts";
import { paint } from "../terminal.ts";
import { table } from "../table.ts";

interface Options {
  item: Item;
  burst?: number;
  rate: number[];
  seconds: number;
  json?: boolean;
}

/** A job's default limit on its grader. */
const GRADES_PER_SECOND = 50;

function parsedItem(text: string): Item {
  try {
    return itemSchema.parse(JSON.parse(text));
  } catch {
    throw new InvalidArgumentError("It must be a JSON object.");
  }
}

async function run(context: CliContext, url: string | undefined, options: Options): Promise<void> {
  const { terminal } = context;
  const startedAt = Date.now();
  const { url: found, apiKey = "" } = controllerAddress({ url, env: context.env });
  const address = { url: found, key: apiKey };
  const checks = await preflight({ trainer: new StandInTrainer(address), address, item: options.item }, (one) => {
    if (options.json) return;
    const mark = paint(terminal, one.ok ? "green" : "red", one.ok ? "ok    " : "FAILED");
    terminal.out(`${mark}  ${one.title}: ${one.seen}`);
  });
  const rows: EvidenceRow[] = checks.map(checkRow);
  // What the door does not understand, more of it would not tell more.
  if (options.burst !== undefined && rows.every(({ ok }) => ok)) {
    const plan = {
      rollouts: options.burst,
      rates: options.rate,
      seconds: options.seconds,
      gradesPerSecond: GRADES_PER_SECOND,
      onProgress: (message: string) => terminal.err(message),
    };
    const result = await load(new StandInTrainer(address), options.item, plan);
    rows.push(...loadRows(result));
    if (!options.json)
      terminal.out(
        `\n${table(loadHeading, loadCells(result))}\n\n${result.discarded} of ${options.burst} rollouts would have been thrown away.`,
      );
  }
  const report = evidence("rft-preflight", startedAt, rows);
  if (options.json) printJson(context, report);
  else terminal.out(report.ok ? "A trainer can use it." : "A trainer cannot use it as it is.");
  if (!report.ok) context.endWith(exitCodes.no);
}

const addRate = (text: string, rates: number[] | undefined): number[] => [...(rates ?? []), count(10_000)(text)];

export const rftPreflightCommand = (context: CliContext): Command =>
  new Command("preflight")
    .summary("send a running controller what a hosted trainer will send")
    .description(
      "Plays a hosted trainer: calls in every form that it sends, retries as it does, and counts the rollouts that it would throw away. Exit code 1 unless all is well. The key is read from BERTH_API_KEY.",
    )
    .argument("[url]", "the controller (BERTH_URL), as the trainer will reach it: without a path")
    .requiredOption(
      "--item <json>",
      "a row of the dataset, whose rollouts have the tool shell and a grader",
      parsedItem,
    )
    .option("--burst <n>", "then so many new rollouts within one second, their calls and their grades", count(10_000))
    .option("--rate <n>", "calls a second of all of them together; again for one phase after the other (50)", addRate)
    .option("--seconds <n>", "how long each rate is held", count(3600), 5)
    .option("--json", "print the report as JSON")
    .addHelpText(
      "after",
      `
Examples:
  berth rft preflight https://berth.example.org --item '{"environment": "click-2697"}'
  berth rft preflight --item '{"instance_id": "django__django-11099"}' --burst 500 --rate 50 --rate 500`,
    )
    .action((url: string | undefined, options: Omit<Options, "rate"> & { rate?: number[] }) =>
      run(context, url, { ...options, rate: options.rate ?? [50] }),
    );
