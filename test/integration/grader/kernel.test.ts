import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { kernelGraderSpec } from "../../../src/model/graders/kernel.ts";
import { gitRepository, type GitRepository } from "../../support/git-repository.ts";
import { whyUnavailable } from "../../support/backend-availability.ts";
import { localController } from "../../support/local-controller.ts";

const folder = path.resolve(import.meta.dirname, "../../fixtures/tasks/kernel");
const read = (file: string) => readFile(path.join(folder, file), "utf8");

describe("a kernel in C, on oci", () => {
  let controller: Awaited<ReturnType<typeof localController>>;
  let repository: GitRepository;
  let unavailable: string | undefined;

  beforeAll(async () => {
    unavailable = await whyUnavailable("oci");
    if (unavailable !== undefined) return;
    controller = await localController("oci");
    repository = await gitRepository([{ folders: [path.join(folder, "base")] }]);
  });
  beforeEach(({ skip }) => skip(unavailable !== undefined, unavailable));
  afterAll(async () => {
    if (unavailable !== undefined) return;
    await controller[Symbol.asyncDispose]();
    await repository[Symbol.asyncDispose]();
  });

  /** Correctness earns 0.5 whatever the clock says, and no machine is too busy. */
  async function graded(written: Readonly<Record<string, string>>, change: object = {}) {
    const declared = JSON.parse(await read("task.json")) as object;
    const spec = kernelGraderSpec.parse({
      type: "kernel",
      files: path.join(folder, "hidden"),
      ...declared,
      ...{ rounds: 3, correct_reward: 0.5, max_noise: 1000 },
      ...change,
    });
    const { service } = controller;
    const environment = await service.registerEnvironment(
      { name: "kernel", repo: { url: repository.url, commit: repository.commits[0] ?? "" }, graders: [spec] },
      null,
    );
    const { rollout } = await service.create({ environment });
    for (const [file, content] of Object.entries(written))
      await service.callTool(rollout.rollout_id, "write_file", { arguments: { path: file, content } });
    return await service.grade(rollout.rollout_id, {});
  }

  test("that is correct earns at least what correctness does", { timeout: 120_000 }, async () => {
    for (const from of ["solution", "alternative", "base"]) {
      const verdict = await graded({ "matmul.c": await read(`${from}/matmul.c`) });
      expect(verdict).toMatchObject({ status: "scored", flags: [] });
      expect(verdict.reward).toBeGreaterThanOrEqual(0.5);
    }
  });

  test("that is wrong earns nothing, and the verdict says what it looked like", { timeout: 120_000 }, async () => {
    const zero = (await read("base/matmul.c")).replace("c[row * n + column] = sum", "c[row * n + column] = 0 * sum");
    expect(await graded({ "matmul.c": zero })).toMatchObject({ status: "scored", reward: 0, flags: ["zero_output"] });
  });

  test("leaves the rollout unscored when the reference is at fault", { timeout: 120_000 }, async () => {
    const unscored = { status: "unscored", reward: null, reason: { code: "invalid_environment", cause: "task" } };
    expect(await graded({}, { reference: "missing.c" })).toMatchObject(unscored);
    expect(await graded({}, { function: "matmul", flags: ["-fno-such-flag"] })).toMatchObject(unscored);
  });
});
