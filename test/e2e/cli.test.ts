import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { whyUnavailable } from "../support/backend-availability.ts";
import {
  berth,
  ControllerProcess,
  controllerKey,
  dataDirectory,
  type CommandRun,
} from "../support/controller-process.ts";
import { gitRepository, type GitRepository } from "../support/git-repository.ts";
import { ResidueCheck } from "../support/residue.ts";

const task = join(import.meta.dirname, "../fixtures/tasks/node");

describe("oci", () => {
  let unavailable: string | undefined;
  let place: Awaited<ReturnType<typeof dataDirectory>>;
  let controller: ControllerProcess;
  let repository: GitRepository;
  let residue: ResidueCheck;
  let file: string;

  beforeAll(async () => {
    unavailable = await whyUnavailable("oci");
    if (unavailable !== undefined) return;
    place = await dataDirectory();
    residue = await ResidueCheck.of(place.path);
    repository = await gitRepository([{ folders: [join(task, "base")] }]);
    controller = await ControllerProcess.start({ backend: "oci", dataDir: place.path });
    file = join(place.path, "slug.yaml");
    const spec: unknown = JSON.parse(await readFile(join(task, "task.json"), "utf8"));
    const graders = [{ type: "tests", ...(spec as object), files: join(task, "hidden") }];
    const repo = { url: repository.url, commit: repository.commits[0] };
    await writeFile(file, stringify({ name: "slug", repo, graders }));
  });

  beforeEach(({ skip }) => skip(unavailable !== undefined, unavailable));

  afterEach(async () => {
    if (unavailable === undefined) await residue.expectNothing();
  });

  afterAll(async () => {
    if (unavailable !== undefined) return;
    await controller[Symbol.asyncDispose]();
    await repository[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });

  /** Commands that work on the data directory itself. */
  const local = (...args: string[]) => berth([...args, "--data-dir", place.path, "--provider", "oci"]);
  const remote = (...args: string[]) => controller.cli(args);

  /** The same command for people and for programs, side by side. */
  async function both(run: (...args: string[]) => Promise<CommandRun>, ...args: string[]) {
    const end = args.indexOf("--");
    const asJson = end < 0 ? [...args, "--json"] : [...args.slice(0, end), "--json", ...args.slice(end)];
    const [human, json] = await Promise.all([run(...args), run(...asJson)]);
    return { human, json, value: JSON.parse(json.stdout) as unknown };
  }

  test("a life is led from the command line: built, created, used, graded, shown, removed", async () => {
    const build = await local("env", "build", file);
    expect(build).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^slug {2}[0-9a-f]{64} {2}built in .* \(provider oci\)$/),
    });
    expect(build.stderr).toMatch(/checking out/);
    const rebuilt = await both(local, "env", "build", "slug");
    expect(rebuilt.human.stdout).toMatch(/was there/);
    expect(rebuilt.value).toMatchObject({ environment: "slug", provider: "oci", built: false });

    const environments = await both(local, "env", "ls");
    expect(environments.human.stdout).toMatch(
      /^environment +image +profile +graders +snapshot +size +last used +repository\nslug +host +standard +tests +[0-9a-f]{12} +\S+ [kM]?B +\S+ \S+ +file:/,
    );
    expect(environments.value).toMatchObject([{ name: "slug" }]);
    const byUrl = await berth(["env", "ls", "--url", controller.url, "--json"], {
      env: { BERTH_API_KEY: controllerKey },
    });
    // What lies on its disk a controller does not tell.
    const [kept] = environments.value as { snapshot?: unknown }[];
    expect(JSON.parse(byUrl.stdout)).toMatchObject([{ name: "slug" }]);
    expect([{ ...JSON.parse(byUrl.stdout)[0], snapshot: kept?.snapshot }]).toEqual(environments.value);

    const id = crypto.randomUUID();
    const create = await remote("rollout", "create", "slug", "--id", id, "--group", "g", "--label", "policy=base");
    expect(create).toMatchObject({ code: 0, stderr: "" });
    expect(create.stdout).toMatch(
      new RegExp(`^rollout +${id}\nenvironment +slug\nstatus +active\n.*labels +policy=base`, "s"),
    );
    const again = await remote("rollout", "create", file, "--id", id, "--json");
    expect(JSON.parse(again.stdout)).toMatchObject({ rollout_id: id, status: "active" });
    const events = remote("rollout", "events", id);
    const eventLines = remote("rollout", "events", id, "--json");

    const coloured = String.raw`printf '\033[31mred\033[0m \033]0;title\007\033]8;;http://x\033\\link\033]8;;\033\\ \302\233 1K\r\n'; echo "\$0 problem" >&2; exit 7`;
    const exec = await both(remote, "rollout", "exec", id, "--call-id", "coloured", "--", coloured);
    expect(exec.human).toMatchObject({ code: 7, stderr: expect.stringContaining("problem") });
    expect(exec.human.stdout.trimEnd()).toMatch(/^red link/);
    // oxlint-disable-next-line no-control-regex
    expect(exec.human.stdout + exec.human.stderr).not.toMatch(/[\u001b\u0007\u009b]/);
    expect(exec.json.code).toBe(7);
    expect(exec.value).toMatchObject({
      outcome: { type: "exited", code: 7 },
      stdout: { head: expect.stringContaining("\u001b[31mred\u001b[0m \u001b]0;title\u0007") },
    });

    const [words, listing, signal, late, tool] = await Promise.all([
      remote("rollout", "exec", id, "--", "printf", "%s|", "a b", "$HOME"),
      remote("rollout", "exec", id, "--tool", "list_dir"),
      remote("rollout", "exec", id, "--", "kill -TERM $$"),
      remote("rollout", "exec", id, "--tool", "shell", "--args", '{"command":"sleep 30","timeout_ms":200}'),
      remote("rollout", "exec", id, "--tool", "read_file", "--args", '{"path":"../x"}'),
    ]);
    expect(words).toMatchObject({ code: 0, stdout: "a b|$HOME|" });
    expect(listing.stdout).toContain("src/");
    expect([signal.code, late.code, tool.code]).toEqual([143, 124, 1]);
    expect(tool.stderr).toContain("outside_workspace");

    const listed = await both(remote, "rollout", "ls", "--group", "g");
    expect(listed.human.stdout).toMatch(new RegExp(`\n${id} +slug +active +g +6 +- +- +20`));
    expect(listed.value).toMatchObject({ rollouts: [{ rollout_id: id }], next_before: null });
    const shown = await both(remote, "rollout", "show", id, "--trajectory");
    expect(shown.human.stdout).toMatch(/shell +exited 7 +\d+ ms/);
    expect(shown.human.stdout).not.toContain("\u001b");
    expect(shown.value).toMatchObject({
      rollout_id: id,
      trajectory: expect.arrayContaining([expect.objectContaining({ call_id: "coloured" })]),
    });

    const graded = await both(remote, "rollout", "grade", id);
    expect(graded.human).toMatchObject({ code: 0, stdout: expect.stringMatching(/^reward 0\n {2}tests {2}0 {2}/) });
    expect(graded.value).toMatchObject({ status: "scored", reward: 0 });

    const graders = join(place.path, "graders.yaml");
    await writeFile(graders, stringify([{ type: "file_f1", files: ["slug.js", "other.js"] }]));
    const regraded = await both(remote, "rollout", "grade", id, "--again", "--graders", graders, "--answer", "slug.js");
    expect(regraded.human).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^reward 0\.66\d+\n {2}file_f1 {2}0\.66/),
    });
    expect(regraded.value).toMatchObject({ status: "scored", parts: [{ evidence: { matched: ["slug.js"] } }] });
    const judged = await both(remote, "rollout", "show", id);
    expect(judged.human.stdout).toMatch(/\nreward 0\n.*\nagain at \S+\nreward 0\.66.*\nagain at \S+\nreward 0\.66/s);
    expect(judged.value).toMatchObject({ verdict: { reward: 0 }, regradings: [{ answer: "slug.js" }, {}] });
    const exported = await remote("rollout", "export", "--group", "g");
    expect(JSON.parse(exported.stdout)).toMatchObject({ item_index: 0, score: 0, trajectory: expect.any(String) });
    const table = await remote("rollout", "export", "--format", "csv");
    expect(table.stdout).toMatch(/^item_index,reward,latency_s,output_tokens,tool_calls\n0,0,\d+(\.\d+)?,\d+,6$/);

    const removed = await both(remote, "rollout", "rm", id);
    expect(removed.human).toMatchObject({ code: 0, stdout: `${id}  closed` });
    expect(removed.value).toMatchObject([{ rollout_id: id, status: "closed" }]);

    expect((await events).stdout).toMatch(
      /status {5}active\n.*tool_call {2}shell running\n.*verdict {4}scored 0\n.*status {5}closed$/s,
    );
    const parsed = (await eventLines).stdout.split("\n").map((line) => JSON.parse(line) as { type: string });
    expect(parsed.at(-1)).toMatchObject({ type: "status", status: "closed" });

    const dry = await both(local, "gc", "--dry-run");
    expect(dry.human).toMatchObject({ code: 0, stdout: "Nothing is left behind, and nothing is kept for too long." });
    expect(dry.value).toEqual({ dry_run: true, items: [] });
    const gone = await local("env", "rm", "slug");
    expect(gone).toMatchObject({ code: 0, stdout: "slug  removed" });
    const nothing = await local("env", "rm", "slug", "--json");
    expect(JSON.parse(nothing.stdout)).toEqual([{ environment: "slug", removed: false }]);
  });

  test("gc removes what a controller left that is no more, and nothing else", async () => {
    await using other = await dataDirectory();
    const left = await ResidueCheck.of(other.path);
    const first = await ControllerProcess.start({ backend: "oci", dataDir: other.path });
    const create = (name: string) => first.send("POST", "/v1/rollouts?wait_seconds=60", { environment: { name } });
    const { body } = await create("kept");
    const building = first.send("POST", "/v1/rollouts", { environment: { name: "building", setup: ["sleep 30"] } });
    await expect
      .poll(() => left.find(), { timeout: 10_000 })
      .toSatisfy((found: string[]) => found.filter((item) => item.startsWith("process")).length > 1);
    await building;
    await first.end("SIGKILL");

    const gc = (...args: string[]) => berth(["gc", "--data-dir", other.path, "--provider", "oci", ...args]);
    const dry = await gc("--dry-run");
    expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining("would be removed") });
    const swept = JSON.parse((await gc("--json")).stdout) as { items: unknown[] };
    expect(swept.items).toMatchObject([{ kind: "sandbox", reason: "whoever asked for it to build is no more" }]);
    expect((await gc()).stdout).toBe("Nothing is left behind, and nothing is kept for too long.");

    await using second = await ControllerProcess.start({ backend: "oci", dataDir: other.path });
    expect((await second.send("GET", `/v1/rollouts/${body.rollout_id}`)).body.status).toBe("active");
    await second[Symbol.asyncDispose]();
    await left.expectNothing();
  });

  test("doctor and image ls say what there is", async () => {
    const doctor = await both(berthWith("doctor", "--provider", "oci"), "--data-dir", place.path);
    expect(doctor.human).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/oci: can run.*Sandboxes can run here\./s),
    });
    expect(doctor.value).toMatchObject({
      ok: true,
      providers: expect.arrayContaining([{ provider: "oci", runs: true, lacks: [] }]),
    });
    const images = await both(local, "image", "ls");
    expect(images.value).toMatchObject(["base", "browser", "node", "python"].map((name) => ({ name })));
    expect(images.human.stdout).toMatch(/^image +built +digest\nbase /);
  });

  test("what is refused tells so in the exit code, on standard error for people and as JSON for programs", async () => {
    const unknown = crypto.randomUUID();
    const typo = join(place.path, "typo.yaml");
    await writeFile(typo, "name: typo\nimagee: host\n");
    const broken = join(place.path, "broken.yaml");
    await writeFile(broken, "name: [\n");
    const cases = [
      { code: 4, error: "unknown_rollout", args: ["rollout", "show", unknown] },
      { code: 4, error: "invalid_request", args: ["rollout", "show", "42"] },
      { code: 4, error: "unknown_environment", args: ["rollout", "create", "no-such"] },
      { code: 5, error: "invalid_environment", args: ["rollout", "create", typo] },
      { code: 5, error: "invalid_environment", args: ["rollout", "create", broken] },
      { code: 125, error: "unknown_rollout", args: ["rollout", "exec", unknown, "--", "true"] },
      { code: 4, error: "invalid_request", args: ["rollout", "ls", "--status", "alive"] },
    ];
    for (const { code, error, args } of cases) {
      const { human, json, value } = await both(remote, ...args);
      expect([human.code, json.code], args.join(" ")).toEqual([code, code]);
      expect(human.stderr).toMatch(new RegExp(`^error: .+\\n.+\\n\\(${error}, cause: (?:caller|task)\\)$`, "s"));
      expect(value).toEqual({
        error: {
          code: error,
          cause: expect.any(String),
          message: expect.any(String),
          remedy: expect.any(String),
          retryable: false,
        },
      });
    }
    const noKey = await berth(["rollout", "ls"], { env: { BERTH_URL: controller.url } });
    expect(noKey).toMatchObject({ code: 4, stderr: expect.stringContaining("BERTH_API_KEY") });
  });
});

test("without a controller, commands say so and how to start one", async () => {
  const [human, json] = await Promise.all([
    berth(["rollout", "ls", "--url", "http://127.0.0.1:1"]),
    berth(["rollout", "ls", "--url", "http://127.0.0.1:1", "--json"]),
  ]);
  expect(human).toMatchObject({ code: 3, stdout: "" });
  expect(human.stderr).toContain("The controller at http://127.0.0.1:1 cannot be reached");
  expect(human.stderr).toContain("Start one with `berth serve`, or name another with --url or BERTH_URL.");
  expect(json.code).toBe(3);
  expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: "unreachable", retryable: true } });
});

test("berth serve says where it listens, and ends with 0 on SIGINT", async () => {
  await using place = await dataDirectory();
  const controller = await ControllerProcess.start({ backend: "memory", dataDir: place.path });
  expect(controller).toMatchObject({ url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/), provider: "memory" });
  expect(await controller.end("SIGINT")).toBe(0);
});

/** `berth` with words in front of whatever comes. */
function berthWith(...first: string[]) {
  return (...args: string[]): Promise<CommandRun> => berth([...first, ...args]);
}
