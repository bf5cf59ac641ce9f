import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { jobFile } from "../../../../src/dialects/agent-rft/jobs/job-file.ts";
import { followJob } from "../../../../src/dialects/agent-rft/jobs/follow.ts";
import { TrainingService, type TrainingEvent } from "../../../../src/dialects/agent-rft/jobs/training-service.ts";
import { runCommand } from "../../../support/cli.ts";
import { codeOf } from "../../../support/memory-controller.ts";
import { standInTrainingService, type Fault } from "../../../support/stand-in-training-service.ts";

const job = `
model: o4-mini
training_file: train.jsonl
validation_file: file-known
berth: { url: "https://berth.example.org", tools: [shell, grep] }
grader: { pass_threshold: 0.8 }
max_episode_steps: 30
hyperparameters: { eval_samples: 2, compute_multiplier: 1 }
metadata: { run: one }
`;
const berthKey = "the-key-of-berth";

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-job-"));
  file = join(folder, "job.yaml");
  await writeFile(file, job);
  await writeFile(join(folder, "train.jsonl"), "{}\n");
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const env = (url: string) => ({ OPENAI_BASE_URL: `${url}/v1`, OPENAI_API_KEY: "key", BERTH_API_KEY: berthKey });
const faulty = (...faults: Fault[]) => standInTrainingService(faults);
const onCreate = (fault: Fault["fault"]): Fault => ({ method: "POST", path: /jobs$/, fault });
const serviceAt = (url: string, options: { requestMs?: number; retries?: number } = {}) =>
  new TrainingService({ baseUrl: `${url}/v1`, apiKey: "key", apiVersion: undefined }, options);
const body = { model: "o4-mini", training_file: "file-known", metadata: { berth_submission: "this-one" } };

describe("berth rft job create", () => {
  test("uploads what the trainer lacks, and submits tools and grader with the key of Berth", async () => {
    await using trainer = await faulty();
    const run = await runCommand(["rft", "job", "create", file, "--json"], { env: env(trainer.url) });
    expect([run.code, run.json()]).toMatchObject([0, { id: "ftjob-1", status: "queued" }]);
    expect(trainer.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /v1/files",
      "POST /v1/fine_tuning/jobs",
    ]);
    const headers = { Authorization: `Bearer ${berthKey}` };
    const tool = { server_url: "https://berth.example.org/v1/agent-rft/tools", headers };
    expect(trainer.requests[1]).toMatchObject({
      authorization: "Bearer key",
      body: {
        model: "o4-mini",
        training_file: "file-uploaded",
        validation_file: "file-known",
        metadata: { run: "one", berth_submission: expect.any(String) },
        method: {
          type: "reinforcement",
          reinforcement: {
            tools: [
              { name: "shell", ...tool },
              { name: "grep", ...tool },
            ],
            grader: {
              type: "endpoint",
              name: "berth",
              url: "https://berth.example.org/v1/agent-rft/grade",
              headers,
              rate_limit: 50,
              pass_threshold: 0.8,
            },
            max_episode_steps: 30,
            hyperparameters: { eval_samples: 2, compute_multiplier: 1 },
          },
        },
      },
    });
  });

  test("puts the key into the URLs where headers cannot be sent", async () => {
    await using trainer = await faulty();
    await writeFile(file, job.replace("tools: [shell", "key_in: url, tools: [shell"));
    await runCommand(["rft", "job", "create", file], { env: env(trainer.url) });
    const [, submitted] = trainer.requests;
    const { tools, grader } = submitted?.body.method.reinforcement ?? {};
    expect(grader).toMatchObject({ url: `https://berth.example.org/v1/agent-rft/grade?key=${berthKey}`, headers: {} });
    expect(tools[0].server_url).toBe(`https://berth.example.org/v1/agent-rft/tools?key=${berthKey}`);
  });

  test("with --dry-run prints the body without the key, and sends nothing", async () => {
    await using trainer = await faulty();
    const run = await runCommand(["rft", "job", "create", file, "--dry-run"], { env: env(trainer.url) });
    expect(run.json()).toMatchObject({ model: "o4-mini", training_file: "train.jsonl" });
    expect(run.stdout).not.toContain(berthKey);
    expect(trainer.requests).toEqual([]);
  });

  test("speaks to Azure's older endpoints with their version", async () => {
    await using trainer = await faulty();
    const azure = {
      AZURE_OPENAI_ENDPOINT: trainer.url,
      AZURE_OPENAI_API_KEY: "key",
      OPENAI_API_VERSION: "2026-01-01",
      BERTH_API_KEY: berthKey,
    };
    expect((await runCommand(["rft", "job", "create", file], { env: azure })).code).toBe(0);
    expect(trainer.requests.map(({ path }) => path)).toEqual([
      "/openai/files?api-version=2026-01-01",
      "/openai/fine_tuning/jobs?api-version=2026-01-01",
    ]);
  });

  test.each([
    ["no such field", "modell: x\n"],
    ["no tools", job.replace("tools: [shell, grep]", "tools: []")],
    ["a file that is nowhere", job.replace("train.jsonl", "gone.jsonl")],
  ])("refuses a file with %s before anything is sent", async (_title, text) => {
    await using trainer = await faulty();
    await writeFile(file, text);
    const run = await runCommand(["rft", "job", "create", file], { env: env(trainer.url) });
    expect([run.code, trainer.requests]).toEqual([4, []]);
  });

  test("says what the trainer refused", async () => {
    const refusal = { status: 400, body: { error: { message: "tools is not allowed for this model" } } };
    await using trainer = await faulty(onCreate(refusal));
    const run = await runCommand(["rft", "job", "create", file], { env: env(trainer.url) });
    expect(run.code).toBe(4);
    expect(run.stderr).toContain("400: tools is not allowed for this model");
  });
});

test("the job of docs/agent-rft.md is one", async () => {
  const page = await readFile(join(import.meta.dirname, "../../../../docs/agent-rft.md"), "utf8");
  const [, example = ""] = /```yaml\n# job.yaml\n(.*?)```/s.exec(page) ?? [];
  expect(jobFile.parse(parse(example))).toMatchObject({ berth: { key_in: "header" }, max_episode_steps: 50 });
});

describe("A job is begun once", () => {
  test("after it was refused for the time being, it is sent again", async () => {
    await using trainer = await faulty(onCreate({ status: 429 }), onCreate({ status: 429 }));
    expect(await serviceAt(trainer.url).create(body)).toMatchObject({ id: "ftjob-1" });
    expect(trainer.jobs).toHaveLength(1);
  });

  test("when its answer is lost, it is found by its submission", async () => {
    await using trainer = await faulty(onCreate("drop"));
    expect(await serviceAt(trainer.url).create(body)).toMatchObject({ id: "ftjob-1" });
    expect(trainer.jobs).toHaveLength(1);
  });

  test.each<[string, Fault["fault"]]>([
    ["a 500", { status: 500 }],
    ["no answer in time", "hang"],
    ["an answer that is none", "nonsense"],
  ])("after %s it is not sent again", async (_title, fault) => {
    await using trainer = await faulty(onCreate(fault));
    expect(await codeOf(serviceAt(trainer.url, { requestMs: 300, retries: 0 }).create(body))).toBe(
      "trainer_unavailable",
    );
    expect(trainer.requests.filter(({ method }) => method === "POST")).toHaveLength(1);
  });
});

describe("berth rft job watch", () => {
  const begun = async (...faults: Fault[]) => {
    const trainer = await faulty(...faults);
    await serviceAt(trainer.url).create(body);
    return trainer;
  };

  test("tells each event once, in order, through 429s and 5xx, until the job has ended", async () => {
    await using trainer = await begun(
      { method: "GET", path: /ftjob-1$/, fault: { status: 503 } },
      { method: "GET", path: /events$/, fault: { status: 429 } },
      { method: "GET", path: /events$/, fault: "drop" },
    );
    trainer.plan(
      { status: "queued", say: ["one"] },
      { status: "running", say: ["two", "three", "four", "five"] },
      { status: "running" },
      { status: "succeeded", say: ["six"], more: { fine_tuned_model: "ft:o4-mini" } },
    );
    const told: TrainingEvent[] = [];
    const statuses: string[] = [];
    const job = await followJob("ftjob-1", {
      service: serviceAt(trainer.url),
      clock: { sleep: async () => {} },
      intervalMs: 10_000,
      onEvent: (event) => told.push(event),
      onStatus: ({ status }) => statuses.push(status),
    });
    expect(told.map(({ message }) => message)).toEqual(["one", "two", "three", "four", "five", "six"]);
    expect(statuses).toEqual(["queued", "running", "succeeded"]);
    expect(job.fine_tuned_model).toBe("ft:o4-mini");
  });

  test.each([
    ["succeeded", 0],
    ["failed", 1],
    ["cancelled", 1],
  ])("of a job that has %s ends with %i", async (status, code) => {
    await using trainer = await begun();
    trainer.plan({ status, say: ["the end"], more: { error: { message: "why" } } });
    const run = await runCommand(["rft", "job", "watch", "ftjob-1", "--json"], { env: env(trainer.url) });
    const lines = run.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string });
    expect([run.code, lines.map(({ type }) => type)]).toEqual([code, ["event", "status"]]);
  });

  test("shows nothing of a message that could move a terminal", async () => {
    await using trainer = await begun();
    trainer.plan({ status: "succeeded", say: ["\u001b]52;c;aGk=\u0007step 1"] });
    const run = await runCommand(["rft", "job", "watch", "ftjob-1"], { env: env(trainer.url) });
    expect(run.stdout).toContain("2027-01-15 08:00:00  info   step 1");
    expect(run.stdout).not.toContain("\u001b");
  });

  test("of a job that there is not, or with a trainer that stays silent, says so", async () => {
    await using trainer = await faulty(
      ...Array.from({ length: 5 }, (): Fault => ({ method: "GET", path: /silent/, fault: "hang" })),
    );
    expect(await codeOf(serviceAt(trainer.url).retrieve("ftjob-none"))).toBe("trainer_refused");
    expect(await codeOf(serviceAt(trainer.url, { requestMs: 50, retries: 1 }).retrieve("silent"))).toBe(
      "trainer_unavailable",
    );
  });
});
