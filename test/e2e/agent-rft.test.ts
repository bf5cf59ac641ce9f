import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { load } from "../../src/dialects/agent-rft/stand-in/load.ts";
import { checks } from "../../src/dialects/agent-rft/stand-in/checks.ts";
import { StandInTrainer } from "../../src/dialects/agent-rft/stand-in/trainer.ts";
import { whyUnavailable } from "../support/backend-availability.ts";
import { berth, ControllerProcess, controllerKey, dataDirectory } from "../support/controller-process.ts";
import { gitRepository, type GitRepository } from "../support/git-repository.ts";
import { removeSnapshotImages, ResidueCheck } from "../support/residue.ts";

const task = join(import.meta.dirname, "../fixtures/tasks/node");
const taskSpec = z.object({
  command: z.string(),
  fail_to_pass: z.array(z.string()),
  pass_to_pass: z.array(z.string()),
});

describe.each(["oci", "docker"] as const)("A hosted trainer on %s", (backend) => {
  let unavailable: string | undefined;
  let place: Awaited<ReturnType<typeof dataDirectory>>;
  let controller: ControllerProcess;
  let repository: GitRepository;
  let residue: ResidueCheck;
  const item = { environment: "slug", messages: [{ role: "user", content: "Mend the slug." }] };

  beforeAll(async () => {
    unavailable = await whyUnavailable(backend);
    if (unavailable !== undefined) return;
    place = await dataDirectory();
    residue = await ResidueCheck.of(place.path);
    repository = await gitRepository([{ folders: [join(task, "base")] }, { folders: [join(task, "solution")] }]);
    controller = await ControllerProcess.start({ backend, dataDir: place.path });
    const spec = taskSpec.parse(JSON.parse(await readFile(join(task, "task.json"), "utf8")));
    await controller.send("POST", "/v1/environments", {
      environment: {
        name: "slug",
        image: backend === "oci" ? "host" : "node",
        repo: { url: repository.url, commit: repository.commits[0] },
        graders: [{ type: "tests", ...spec, files: "hidden" }],
      },
      base_dir: task,
    });
  });

  beforeEach(({ skip }) => skip(unavailable !== undefined, unavailable));

  afterEach(async () => {
    if (unavailable !== undefined) return;
    const { body } = await controller.send("GET", "/v1/rollouts?limit=500");
    for (const { rollout_id } of body.rollouts as { rollout_id: string }[])
      await controller.send("DELETE", `/v1/rollouts/${rollout_id}`);
    await residue.expectNothing();
  });

  afterAll(async () => {
    if (unavailable !== undefined) return;
    await controller[Symbol.asyncDispose]();
    if (backend === "docker") await removeSnapshotImages(place.path);
    await repository[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });

  const address = () => ({ url: controller.url, key: controllerKey });

  test.each(checks.map(({ title, run }) => ({ title, run })))("$title", async ({ run }) => {
    expect(await run({ trainer: new StandInTrainer(address()), address: address(), item })).not.toBe("");
  });

  test("berth rft preflight is green, tells so, and leaves no rollout open", async () => {
    const run = await controller.cli(["rft", "preflight", controller.url, "--item", JSON.stringify(item), "--json"]);
    const { ok, rows } = JSON.parse(run.stdout) as { ok: boolean; rows: { case: string; ok: boolean }[] };
    expect([run.code, ok, rows.filter((row) => !row.ok)]).toEqual([0, true, []]);
    expect(rows.map((row) => row.case)).toEqual(checks.map(({ id }) => id));
    const open = await controller.send("GET", "/v1/rollouts?limit=500&status=queued,preparing,active,grading");
    expect(open.body.rollouts).toEqual([]);
  });

  test("berth rft preflight with a key that opens nothing names what fails, and ends with 1", async () => {
    const env = { BERTH_API_KEY: "a-key-that-opens-nothing" };
    const run = await berth(["rft", "preflight", controller.url, "--item", JSON.stringify(item)], { env });
    expect(run.code).toBe(1);
    expect(run.stdout).toMatch(/^FAILED {2}the key may come in the URL: .*it was 401/m);
  });

  test("rollouts that begin together are all answered and graded, none is thrown away", async () => {
    const plan = { rollouts: 12, rates: [20, 40], seconds: 1, gradesPerSecond: 12 };
    const { discarded, phases } = await load(new StandInTrainer(address()), item, plan);
    expect(discarded).toBe(0);
    expect(phases.map(({ name, ms, refused }) => [name, ms.length, refused])).toEqual([
      ["first calls", 12, []],
      ["calls, 20/s", 20, []],
      ["calls, 40/s", 40, []],
      ["grades", 12, []],
    ]);
  });
});
