import { parseArgs } from "node:util";
import OpenAI from "openai";
import PQueue from "p-queue";
import { table } from "../../src/cli/table.ts";
import { evidence, writeEvidence } from "../../src/core/evidence.ts";
import type { EnvironmentInput } from "../../src/model/environment.ts";
import { Api } from "./api.ts";
import { startController } from "./controller.ts";
import { exampleNames, loadExample } from "./example.ts";
import { modelPolicy } from "./model-policy.ts";
import { play } from "./play.ts";
import type { Policies } from "./policy.ts";
import { means, rewardCells, rewardsOf } from "./rewards.ts";
import { openWorkspace } from "./workspace.ts";

const help = `make example NAME=… ARGS='…': plays every row of an example and grades it. Ends non-zero unless every row is graded and the
scripted policies earn what they should.

  NAME             ${exampleNames.join(", ")}
  --policy NAME    one of the scripted policies, or model; all scripted ones without it
  --row TEXT       rows whose id contains the text
  --samples N      rollouts for each row; the best one counts
  --jobs N         rollouts at the same time (2)
  --provider NAME  what the controller runs sandboxes on (oci)
  --url URL        a controller that runs already, on this machine; its key in BERTH_API_KEY
  --json           the report instead of the table

  --base-url URL   of --policy model: an endpoint of chat completions, with its version; its key in OPENAI_API_KEY
  --model NAME     of --policy model
  --turns N        of --policy model: completions of one rollout (30)
  --tokens N       of --policy model: tokens of one rollout (200000)
  --seconds N      of --policy model: one rollout (900)

  --judge-base-url URL, --judge-model NAME
                   a model that judges, for graders that ask one; its key in BERTH_JUDGE_API_KEY`;

function stop(message: string): never {
  console.error(message);
  process.exit(2);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    policy: { type: "string" },
    row: { type: "string", default: "" },
    samples: { type: "string" },
    jobs: { type: "string", default: "2" },
    provider: { type: "string", default: "oci" },
    url: { type: "string" },
    json: { type: "boolean", default: false },
    "base-url": { type: "string" },
    model: { type: "string" },
    turns: { type: "string", default: "30" },
    tokens: { type: "string", default: "200000" },
    seconds: { type: "string", default: "900" },
    "judge-base-url": { type: "string" },
    "judge-model": { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  },
});

function positive(name: string, text: string): number {
  const number = Number(text);
  return Number.isInteger(number) && number > 0 ? number : stop(`--${name} ${text} is not a whole number above 0.`);
}

if (values.help) {
  console.log(help);
  process.exit(0);
}
const [name = ""] = positionals;
if (!exampleNames.includes(name)) stop(`Name an example: ${exampleNames.join(", ")}.`);
const example = await loadExample(name);
const samples = values.samples === undefined ? example.samples : positive("samples", values.samples);
const jobs = positive("jobs", values.jobs);
const rows = example.rows.filter(({ id }) => id.includes(values.row));
if (rows.length === 0) stop(`No row has an id with ${values.row} in it.`);
if (values["judge-base-url"] !== undefined && (values["judge-model"] === undefined || values.url !== undefined))
  stop("--judge-base-url goes with --judge-model, and not with --url: that controller has its own judge, or none.");
const judge = values["judge-base-url"] !== undefined;
const environments = new Map<string, EnvironmentInput>(
  rows.map((row) => [row.environment, example.environmentOf(row, { judge })]),
);

async function policiesOf(api: Api): Promise<Policies> {
  if (values.policy === undefined) return example.policies;
  if (values.policy !== "model") {
    const scripted = example.policies[values.policy];
    if (!scripted)
      stop(`${name} has no policy ${values.policy}; it has ${Object.keys(example.policies).join(", ")}, model.`);
    return { [values.policy]: scripted };
  }
  const { "base-url": baseURL, model } = values;
  if (baseURL === undefined || model === undefined) stop("--policy model needs --base-url and --model.");
  const all = await api.tools();
  const policy = modelPolicy({
    client: new OpenAI({ baseURL, apiKey: process.env["OPENAI_API_KEY"] ?? "none" }),
    model,
    tools: (environment) => {
      const allowed = environments.get(environment)?.tools;
      return all.filter((tool) => allowed === undefined || allowed.includes(tool.function.name));
    },
    turns: positive("turns", values.turns),
    tokens: positive("tokens", values.tokens),
    seconds: positive("seconds", values.seconds),
  });
  return { model: policy };
}

/** What the controller is told of a judge: the one that was named, else the example's stand-in. */
async function judgeSettings(scope: AsyncDisposableStack): Promise<Record<string, string>> {
  const { "judge-base-url": baseUrl, "judge-model": model } = values;
  if (baseUrl !== undefined && model !== undefined) return { BERTH_JUDGE_BASE_URL: baseUrl, BERTH_JUDGE_MODEL: model };
  if (example.openJudge === undefined) return {};
  const standIn = scope.use(await example.openJudge());
  return { BERTH_JUDGE_BASE_URL: standIn.baseUrl, BERTH_JUDGE_MODEL: standIn.model };
}

async function playAll() {
  await using scope = new AsyncDisposableStack();
  const controller =
    values.url === undefined
      ? scope.use(await startController(values.provider, await judgeSettings(scope)))
      : { url: values.url, key: process.env["BERTH_API_KEY"], provider: "given" };
  const api = new Api(controller);
  const policies = await policiesOf(api);
  const workspace = example.workspace === undefined ? undefined : scope.use(await openWorkspace(example.workspace));
  for (const environment of environments.values())
    await api.register(
      workspace === undefined ? environment : { repo: workspace.repo, ...environment },
      example.folder,
    );

  const queue = new PQueue({ concurrency: jobs });
  const work = Object.entries(policies).flatMap(([policyName, policy]) =>
    rows.flatMap((row) =>
      Array.from({ length: samples }, (_, sample) => async () => {
        const played = await play(api, `example-${name}`, { name: policyName, policy }, row, sample);
        if (!values.json)
          console.error(`  ${policyName}: ${row.id}: ${played.verdict?.reward ?? played.failure ?? "unscored"}`);
        return played;
      }),
    ),
  );
  return { played: await queue.addAll(work), provider: controller.provider };
}

const startedAt = Date.now();
const { played, provider } = await playAll().catch((thrown: unknown) => {
  const { message, cause } = thrown as Error;
  return stop(cause instanceof Error ? `${message}: ${cause.message}` : message);
});
const rewards = rewardsOf(played, example.expected, provider);
const report = evidence(`example-${name}`, startedAt, rewards);
const file = await writeEvidence("reports", report);
if (values.json) console.log(JSON.stringify(report, null, 2));
else {
  console.log(`\n${table(["", "policy", "row", "reward", "parts"], rewards.map(rewardCells))}\n\n${means(rewards)}`);
  const bad = rewards.filter(({ ok }) => !ok);
  if (bad.length > 0)
    console.log(`\n${bad.map((row) => `! ${row.case}: ${row.result}; expected: ${row.expected}`).join("\n")}`);
  console.log(`\n${rewards.length - bad.length} of ${rewards.length} rows as they must be. They are in ${file}.`);
}
process.exitCode = report.ok ? 0 : 1;
