import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { whyUnavailable } from "../support/backend-availability.ts";
import { ChatEndpoint, type Conduct } from "../support/chat-endpoint.ts";
import { ControllerProcess, controllerKey, dataDirectory } from "../support/controller-process.ts";
import { examplesOfPage } from "../support/examples-of-page.ts";
import { gitRepository, type GitRepository } from "../support/git-repository.ts";
import { ResidueCheck } from "../support/residue.ts";

const program = join(import.meta.dirname, "../../src/main.ts");
const task = join(import.meta.dirname, "../fixtures/tasks/node");
const solution = {
  path: "src/slug.js",
  old_string: 'replace(" ", "-")',
  new_string: 'trim().replaceAll(/\\s+/g, "-")',
};

let unavailable: string | undefined;
let place: Awaited<ReturnType<typeof dataDirectory>>;
let controller: ControllerProcess;
let repository: GitRepository;
let residue: ResidueCheck;
let folder: string;

beforeAll(async () => {
  unavailable = await whyUnavailable("oci");
  if (unavailable !== undefined) return;
  place = await dataDirectory();
  residue = await ResidueCheck.of(place.path);
  repository = await gitRepository([{ folders: [join(task, "base")] }, { folders: [join(task, "solution")] }]);
  controller = await ControllerProcess.start({ backend: "oci", dataDir: place.path });
  const spec = z.looseObject({}).parse(JSON.parse(await readFile(join(task, "task.json"), "utf8")));
  const repo = { url: repository.url, commit: repository.commits[0] };
  const graders = [{ type: "tests", ...spec, files: "hidden" }];
  await controller.send("POST", "/v1/environments", { environment: { name: "slug", repo, graders }, base_dir: task });
  const command = "grep -qx 'hello, world' greeting.txt && reward 1 || reward 0";
  await controller.send("POST", "/v1/environments", {
    environment: { name: "greeting", graders: [{ type: "command", command }] },
  });
});

beforeEach(async ({ skip }) => {
  skip(unavailable !== undefined, unavailable);
  folder = await mkdtemp(join(tmpdir(), "berth-agent-e2e-"));
});

afterEach(async () => {
  if (unavailable !== undefined) return;
  await rm(folder, { recursive: true, force: true });
  await residue.expectNothing();
});

afterAll(async () => {
  if (unavailable !== undefined) return;
  await controller[Symbol.asyncDispose]();
  await repository[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

const environmentOf = (model: ChatEndpoint) => ({
  BERTH_URL: controller.url,
  BERTH_API_KEY: controllerKey,
  OPENAI_BASE_URL: model.baseUrl,
  OPENAI_API_KEY: "model-key",
});

/** `berth agent run` as a process of its own. */
function agentRun(model: ChatEndpoint, ...flags: readonly string[]) {
  const args = [
    "agent",
    "run",
    join(folder, "tasks.jsonl"),
    "--model",
    "policy-1",
    "--out",
    join(folder, "out"),
    "--json",
  ];
  return execa(process.execPath, [program, ...args, ...flags], {
    env: environmentOf(model),
    stdin: "ignore",
    reject: false,
    timeout: 120_000,
    forceKillAfterDelay: false,
  });
}

const writeTasks = (...rows: readonly object[]) =>
  writeFile(join(folder, "tasks.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));

const report = z.looseObject({
  complete: z.boolean(),
  summary: z.looseObject({ pass_at: z.record(z.string(), z.number()) }),
  samples: z.array(z.looseObject({ task: z.string(), sample: z.number(), rollout_id: z.string(), status: z.string() })),
});

const answersIn = ({ messages }: Parameters<Conduct>[0]) => messages.filter(({ role }) => role === "tool").length;

/** Looks, mends, and says so, when its task says that it should. */
const mends: Conduct = (request) => {
  if (request.messages.some(({ content }) => content === "Do nothing.")) return { content: "I did nothing." };
  if (answersIn(request) === 0)
    return {
      calls: [
        ["1", "read_file", JSON.stringify({ path: "src/slug.js" })],
        ["2", "shell", JSON.stringify({ command: "ls" })],
      ],
    };
  if (answersIn(request) === 2) return { calls: [["3", "edit_file", JSON.stringify(solution)]] };
  return { content: "Mended." };
};

test.each(["chat", "responses"] as const)(
  "a model that mends is rewarded and one that does nothing is not, by %s",
  async (api) => {
    await using model = await ChatEndpoint.listen(mends);
    await writeTasks(
      { id: "mend", environment: "slug", prompt: "Mend the slug." },
      { id: "idle", environment: "slug", prompt: "Do nothing." },
    );
    const run = await agentRun(model, "--api", api, "--samples", "2");
    expect(run.exitCode, run.stderr).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({
      complete: true,
      summary: {
        scored: 4,
        unscored: 0,
        pass_at: { "1": 0.5, "2": 0.5 },
        mean_reward: 0.5,
        tool_calls: 6,
        tool_errors: 0,
      },
      tasks: [
        { task: "mend", scored: 2, passed: 2 },
        { task: "idle", scored: 2, passed: 0 },
      ],
    });
    expect(JSON.parse(await readFile(join(folder, "out/results.json"), "utf8"))).toEqual(JSON.parse(run.stdout));
  },
);

test("a run that is killed at any moment goes on, and no sample, reply or call of it is done twice", async () => {
  let kill: () => void = () => {};
  const killAt = [3, 7, 11];
  await using model = await ChatEndpoint.listen((request, nth) => {
    if (!killAt.includes(nth)) return mends(request, nth);
    kill();
    return "silence";
  });
  await writeTasks(
    { id: "mend", environment: "slug", prompt: "Mend the slug." },
    { id: "mend-too", environment: "slug", prompt: "Mend it, please." },
  );
  const runs: (string | undefined)[] = [];
  let stdout = "";
  while (runs.length <= killAt.length) {
    const child = agentRun(model, "--samples", "3", "--jobs", "2");
    kill = () => void child.kill("SIGKILL");
    const ended = await child;
    runs.push(ended.signal);
    stdout = ended.stdout;
  }
  expect(runs).toEqual(["SIGKILL", "SIGKILL", "SIGKILL", undefined]);
  const { samples, complete } = report.parse(JSON.parse(stdout));
  expect([complete, samples.map(({ status }) => status)]).toEqual([true, Array.from({ length: 6 }, () => "scored")]);
  expect(samples).toMatchObject(Array.from({ length: 6 }, () => ({ reward: 1, attempt: 1, turns: 3, tool_calls: 3 })));
  for (const { rollout_id } of samples)
    expect(await controller.trajectory(`/v1/rollouts/${rollout_id}`)).toHaveLength(3);
  // Three replies a sample; of those in flight when the process died, two at most each time, the model is asked again.
  expect(model.requests.length).toBeGreaterThanOrEqual(18 + killAt.length);
  expect(model.requests.length).toBeLessThanOrEqual(18 + 2 * killAt.length);
  const { body } = await controller.send("GET", "/v1/rollouts?limit=500&status=queued,preparing,active,grading");
  expect(body.rollouts).toEqual([]);
});

test("a model that never answers leaves its sample unscored, and the command says so by its exit code", async () => {
  await using model = await ChatEndpoint.listen(() => "silence");
  await writeTasks({ id: "mend", environment: "slug", prompt: "Mend the slug." });
  const run = await agentRun(model, "--model-seconds", "1");
  expect(run.exitCode).toBe(1);
  expect(JSON.parse(run.stdout)).toMatchObject({
    summary: { scored: 0, unscored_by_cause: { infra: 1 }, unscored_by_code: { model_timeout: 1 }, mean_reward: null },
  });
});

test("the example of docs/agent-run.md does what the page says", async () => {
  await using model = await ChatEndpoint.listen((request) =>
    answersIn(request) === 0
      ? { calls: [["1", "write_file", JSON.stringify({ path: "greeting.txt", content: "hello, world\n" })]] }
      : { content: "Done." },
  );
  const [example] = examplesOfPage("agent-run.md", "sh");
  const berth = `berth() { '${process.execPath}' '${program}' "$@"; }\n`;
  const run = await execa("bash", ["-euc", berth + example], {
    cwd: folder,
    env: environmentOf(model),
    reject: false,
    timeout: 120_000,
  });
  expect(run.exitCode, run.stderr).toBe(0);
  expect(run.stdout).toMatch(/pass@1 1\.000 {2}pass@2 1\.000 .*\n.*\n8 of 8 samples scored/);
  expect(run.stdout).toContain("cost $");
});
