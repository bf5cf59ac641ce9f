import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { readTasks, type AgentTask } from "../../agent/agent-task.ts";
import { environmentTools } from "../../agent/environment-tools.ts";
import { Journal } from "../../agent/journal.ts";
import { ModelFailure } from "../../agent/model/model-failure.ts";
import { runAgent, type AgentRun } from "../../agent/run-agent.ts";
import { BerthClient } from "../../client/berth-client.ts";
import { controllerAddress } from "../../config/controller.ts";
import { BerthError } from "../../core/errors.ts";
import { modelOf, priceOf, type ModelOptions } from "../agent/model-options.ts";
import { agentProgress } from "../agent/progress.ts";
import { agentReport, printAgentReport, writeAgentReport } from "../agent/report.ts";
import { printJson, type CliContext } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { count, jsonObject } from "../option-values.ts";

interface Options extends ModelOptions {
  readonly out: string;
  readonly samples: number;
  readonly jobs: number;
  readonly limit?: number;
  readonly instructions?: string;
  readonly prices?: string;
  readonly threshold: number;
  readonly maxTurns: number;
  readonly maxTokens?: number;
  readonly maxCost?: number;
  readonly maxSeconds: number;
  readonly maxTotalCost?: number;
  readonly readySeconds: number;
  readonly url?: string;
  readonly json?: boolean;
}

/** A controller that restarts, or is full, holds up a run; it does not end it. */
const patienceSeconds = 900;

const usualInstructions = `You work in a sandbox whose workspace is the current folder, by the tools that you are given.
Call several tools at once when none needs another's result. When you are done, answer without a call: that last message is what counts.`;

const amount = (text: string): number => {
  const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) throw new InvalidArgumentError("It must be a number, 0 or more.");
  return value;
};

function instructionsOf(file: string | undefined): string {
  if (file === undefined) return usualInstructions;
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new BerthError("invalid_config", `${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

async function tasksOf(path: string, limit: number | undefined): Promise<AgentTask[]> {
  const tasks = await readTasks(path).catch((error: unknown) => {
    if (error instanceof BerthError) throw error;
    throw new BerthError("invalid_request", `${path} cannot be read: ${(error as Error).message}`, { cause: error });
  });
  if (tasks.length === 0) throw new BerthError("invalid_request", `${path} has no rows.`);
  return tasks.slice(0, limit);
}

/** Aborts with the first SIGINT or SIGTERM; the second ends the process. */
function interruption(): { readonly signal: AbortSignal } & Disposable {
  const stop = new AbortController();
  const remedy = "Run the same command again: it goes on from its journal.";
  const interrupt = () => stop.abort(new BerthError("shutting_down", "The run was interrupted.", { remedy }));
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  return {
    signal: stop.signal,
    [Symbol.dispose]: () => void process.off("SIGINT", interrupt).off("SIGTERM", interrupt),
  };
}

async function run(context: CliContext, path: string, options: Options): Promise<void> {
  const { terminal, env } = context;
  const tasks = await tasksOf(path, options.limit);
  const model = modelOf(options, env);
  const price = priceOf(options.prices, options.model);
  if (price === undefined && (options.maxCost !== undefined || options.maxTotalCost !== undefined))
    throw new BerthError("invalid_config", "A budget in dollars needs --prices.", { remedy: "Give a price table." });
  const client = new BerthClient({ ...controllerAddress({ url: options.url, env }), patienceSeconds });
  await using journal = await Journal.open(options.out);
  using interrupted = interruption();
  const live = terminal.color && options.json !== true;
  const progress = agentProgress(terminal, live ? (text) => void process.stderr.write(text) : undefined);
  let made: AgentRun;
  try {
    made = await runAgent(
      {
        tasks,
        samples: options.samples,
        parallel: options.jobs,
        totalCost: options.maxTotalCost,
        model: options.model,
        api: options.api,
        body: options.modelOptions,
        parts: {
          client,
          model,
          journal,
          instructions: instructionsOf(options.instructions),
          budget: {
            turns: options.maxTurns,
            tokens: options.maxTokens,
            cost: options.maxCost,
            seconds: options.maxSeconds,
          },
          price,
          toolsOf: environmentTools(client),
          readyWithinMs: options.readySeconds * 1000,
        },
        onProgress: (now) => progress.tell(now),
      },
      interrupted.signal,
    );
  } catch (thrown) {
    progress.end();
    if (journal.state.head) terminal.err(`What was done is in ${options.out}; the same command goes on from there.`);
    if (!(thrown instanceof ModelFailure)) throw thrown;
    throw new BerthError("invalid_config", thrown.message, {
      cause: thrown,
      remedy: "Check --model, --base-url and the key in OPENAI_API_KEY.",
    });
  }
  progress.end();
  const report = agentReport(made, { tasks, model: options.model, api: options.api, threshold: options.threshold });
  const file = await writeAgentReport(options.out, report);
  if (!report.complete || report.summary.unscored > 0) context.endWith(exitCodes.no);
  if (options.json) return printJson(context, report);
  printAgentReport(terminal, report);
  terminal.err(`The results are in ${file}.`);
}

export const agentRunCommand = (context: CliContext): Command =>
  new Command("run")
    .summary("play a data set with a model, k samples of each task")
    .description(
      "Has a model work on each row of a JSONL file, in rollouts of a running controller, and grades what it does. The model is reached by chat completions or the Responses API; its key is read from OPENAI_API_KEY. Whatever is done is kept in a journal, and the same command goes on after an interruption: no reply is asked for twice, and no tool call runs twice. Exit code 0 when every sample is scored, whatever the rewards; 1 when some are not: those are counted by cause, and are in no mean.",
    )
    .argument("<file>", "the data set: a JSON object a line, with `environment`, and `prompt` or `messages`")
    .requiredOption("--model <name>", "the model, as its endpoint calls it")
    .requiredOption("--out <folder>", "where the journal and the results are kept; a run of its own each")
    .option("--base-url <url>", "the model's endpoint with its version (OPENAI_BASE_URL; OpenAI's)")
    .addOption(new Option("--api <api>", "how the model is asked").choices(["chat", "responses"]).default("chat"))
    .option("--model-options <json>", "fields of each request, for example a temperature", jsonObject, {})
    .option("--model-seconds <n>", "for one reply, repetitions included", count(86_400), 600)
    .option("--model-retries <n>", "of a request that met 429, 5xx or a cut connection", count(100), 5)
    .option("--instructions <file>", "the system message, instead of the usual one; an empty file for none")
    .option("--samples <k>", "rollouts for each task", count(10_000), 1)
    .option("--jobs <n>", "samples at a time", count(10_000), 4)
    .option("--limit <n>", "so many tasks, from the first", count(100_000))
    .option("--max-turns <n>", "replies of the model, for one sample", count(100_000), 50)
    .option("--max-tokens <n>", "input and output, for one sample", count(1_000_000_000))
    .option("--max-seconds <n>", "for one sample, from when its sandbox is ready", count(604_800), 3600)
    .option("--max-cost <dollars>", "for one sample", amount)
    .option("--max-total-cost <dollars>", "beyond which no sample begins", amount)
    .option("--prices <file>", "YAML: dollars for a million tokens, by the model's name")
    .option("--ready-seconds <n>", "within which a sandbox must be ready", count(86_400), 1800)
    .option("--threshold <reward>", "the least reward that counts as a pass", amount, 1)
    .option("--url <url>", "where the controller listens (BERTH_URL; its key in BERTH_API_KEY)")
    .option("--json", "print the results as JSON")
    .addHelpText(
      "after",
      `
Examples:
  berth agent run tasks.jsonl --model NAME --out runs/first
  berth agent run tasks.jsonl --model NAME --base-url http://127.0.0.1:8000/v1 --samples 8 --jobs 32 --out runs/eight
  berth agent run tasks.jsonl --model NAME --api responses --prices prices.yaml --max-total-cost 20 --out runs/priced`,
    )
    .action((path: string, options: Options) => run(context, path, options));
