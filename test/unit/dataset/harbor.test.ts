import { cp, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readEnvironmentFile } from "../../../src/cli/environment-file.ts";
import { workdirOf } from "../../../src/dataset/harbor/dockerfile.ts";
import type { EnvironmentInput } from "../../../src/model/environment.ts";
import { parseEnvironment } from "../../../src/rollout/check-environment.ts";
import { runCommand } from "../../support/cli.ts";
import { scriptedService } from "../../support/scripted-service.ts";

const fixture = resolve(import.meta.dirname, "../../fixtures/harbor/invoice-total");
const name = "berth-test__invoice-total";

let folder: string;
let task: string;
let built: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-harbor-"));
  task = join(folder, "source/task");
  built = [];
  await cp(fixture, task, { recursive: true });
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function importing(source: string, ...args: string[]) {
  const service = scriptedService({ registerEnvironment: async (input: EnvironmentInput) => parseEnvironment(input) });
  const berth = { service, buildFolder: async ({ reference }: { reference: string }) => void built.push(reference) };
  const common = ["env", "import", source, "--out", join(folder, "tasks"), "--data-dir", join(folder, "data")];
  return runCommand([...common, ...args], { berth });
}

const written = (of = name) => readEnvironmentFile(join(folder, "tasks", of, "environment.yaml")).environment;
const toml = (text: string) => writeFile(join(task, "task.toml"), text);

describe("berth env import of a task folder of Harbor's", () => {
  test("takes its resources, its times, its variables and its workdir", async () => {
    const run = await importing(task, "--json");
    expect([run.code, run.json()]).toEqual([0, [{ folder: task, status: "written", environment: name }]]);
    expect(written()).toMatchObject({
      workdir: "/app",
      resources: { cpus: 1, memory_mb: 512 },
      budget: { wall_seconds: 120, grading_seconds: 60 },
      graders: [{ type: "command", files: "hidden", command: expect.stringContaining("TAX='0.25' /tests/test.sh") }],
    });
  });

  test("hides its tests where no change set reaches, and keeps its solution where nothing uses it", async () => {
    await importing(task, "--rows", join(folder, "train.jsonl"));
    const at = join(folder, "tasks", name);
    expect(await readFile(join(at, "hidden/.berth-harbor/invoices/large.csv"), "utf8")).toContain("1000,1.00");
    expect((await stat(join(at, "hidden/.berth-harbor/test.sh"))).mode & 0o777).toBe(0o700);
    expect(await readFile(join(at, "solution/solve.sh"), "utf8")).toContain("def total");
    const row = await readFile(join(folder, "train.jsonl"), "utf8");
    expect(JSON.parse(row)).toMatchObject({
      environment: name,
      messages: [{ content: expect.stringContaining("two digits") }],
    });
    expect(row).not.toContain("1256.25");
  });

  test("builds its image under a name that says what is in its folder", async () => {
    await importing(task);
    expect((await importing(task)).stdout).toMatch(/^0 written, 1 unchanged/);
    await writeFile(join(task, "environment/more.txt"), "more");
    await importing(task);
    expect(built).toEqual([
      expect.stringMatching(/^berth-harbor\/berth-test-invoice-total:[0-9a-f]{16}$/),
      built[0],
      built[2],
    ]);
    expect(built[2]).not.toBe(built[0]);
    expect(written().image).toBe(built[2]);
  });

  test("builds none where the task names one that is ready", async () => {
    await toml('[environment]\ndocker_image = "some/image:1"\n');
    await importing(task);
    expect([built, written("task").image]).toEqual([[], "some/image:1"]);
  });

  test("lets a template override what the task says of its resources and times", async () => {
    await toml("[environment]\nmemory_mb = 100000\nstorage_mb = 5000\n[agent]\ntimeout_sec = 5\n");
    await importing(task);
    expect(written("task").resources).toMatchObject({ memory_mb: 100_000, disk_mb: 5000 });
    const template = join(folder, "template.yaml");
    await writeFile(
      template,
      "profile: egress\ntools: [shell]\nresources: { memory_mb: 2048 }\nbudget: { wall_seconds: 900 }\n",
    );
    await importing(task, "--template", template);
    const { resources, budget, tools, profile } = written("task");
    expect([resources.memory_mb, resources.disk_mb, budget.wall_seconds, tools, profile]).toEqual([
      2048,
      undefined,
      900,
      ["shell"],
      "egress",
    ]);
  });

  test("reads only the file of the reward that the tests speak of", async () => {
    await importing(task);
    expect(written().graders[0]).toMatchObject({ command: expect.not.stringContaining("reward.json") });
    await writeFile(join(task, "tests/test.sh"), "uvx rewardkit /tests\n");
    const run = await importing(task);
    expect(written().graders[0]).toMatchObject({
      command: expect.stringContaining("/logs/verifier/reward.json /logs/verifier/reward.txt"),
    });
    expect(run.stdout).toMatch(
      /^1 +berth-test__invoice-total +tests\/test\.sh says "uvx", and grading has no network/m,
    );
  });

  test("takes all task folders of a folder, and says why it leaves some out", async () => {
    const source = join(folder, "source");
    await mkdir(join(source, "none"));
    await cp(task, join(source, "twice"), { recursive: true });
    await cp(task, join(source, "several"), { recursive: true });
    await writeFile(join(source, "several/environment/docker-compose.yaml"), "services: {}\n");
    const run = await importing(source, "--json");
    expect(run.json()).toEqual([
      {
        folder: join(source, "several"),
        status: "skipped",
        id: "several",
        reason: expect.stringContaining("several containers"),
      },
      { folder: join(source, "task"), status: "written", environment: name },
      { folder: join(source, "twice"), status: "skipped", id: "twice", reason: "an earlier one has the same id" },
    ]);
  });

  test("refuses a folder without any", async () => {
    const run = await importing(join(task, "tests"));
    expect([run.code, run.stderr]).toEqual([4, expect.stringContaining("no task folder of Harbor's")]);
  });

  test.each<[string, () => Promise<unknown>, RegExp]>([
    ["without an instruction", () => rm(join(task, "instruction.md")), /no instruction\.md/],
    ["without tests", () => rm(join(task, "tests/test.sh")), /no tests\/test\.sh/],
    ["without an image", () => rm(join(task, "environment/Dockerfile")), /docker_image|workdir/],
    [
      "whose workdir only its base image knows",
      () => writeFile(join(task, "environment/Dockerfile"), "FROM a\n"),
      /workdir/,
    ],
    ["that is no TOML", () => toml("a = "), /no TOML/],
    ["whose time is none", () => toml("[agent]\ntimeout_sec = -1\n"), /agent\.timeout_sec/],
    ["whose name leaves the folder", () => toml('[task]\nname = "../x"\n'), /can be named/],
    ["with a secret", () => toml('[verifier.env]\nKEY = "${KEY}"\n'), /KEY is a secret/],
    ["with a GPU", () => toml("[environment]\ngpus = 1\n"), /GPU/],
    ["of several steps", () => toml("[[steps]]\nname = 'one'\n"), /steps/],
    ["with a verifier of its own", () => toml('[verifier]\nenvironment_mode = "separate"\n'), /environment of its own/],
    [
      "with a link among its tests",
      () => symlink("/etc/passwd", join(task, "tests/link")),
      /tests\/link is no regular file/,
    ],
  ])("skips a task %s, and says so", async (_title, change, reason) => {
    await change();
    const run = await importing(task, "--json");
    expect([run.code, run.json()]).toEqual([
      1,
      [expect.objectContaining({ status: "skipped", reason: expect.stringMatching(reason) })],
    ]);
    expect(built).toEqual([]);
  });
});

test.each([
  ["FROM a\nWORKDIR /app\nWORKDIR sub\n", "/app/sub"],
  ["FROM a AS one\nWORKDIR /one\nFROM b\nRUN x\n", undefined],
  ['FROM a AS one\nWORKDIR /one\nFROM --platform=linux/amd64 one AS two\nWORKDIR "../two"\n', "/two"],
  ["FROM a\n# WORKDIR /no\nRUN echo \\\n  WORKDIR /no\nworkdir /yes/ \n", "/yes"],
  ["ARG X=/x\nFROM a\nWORKDIR $X\n", undefined],
])("the workdir of %j is %s", (dockerfile, workdir) => {
  expect(workdirOf(dockerfile)).toBe(workdir);
});
