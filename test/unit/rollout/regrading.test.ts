import { describe, expect, test } from "vitest";
import { gradeRequest } from "../../../src/model/verdict.ts";
import { exportedRollouts } from "../../../src/rollout/export/exported.ts";
import { exportLines, type ExportFormat } from "../../../src/rollout/export/lines.ts";
import { altered, codeOf, memoryController, shell, smallEnvironment } from "../../support/memory-controller.ts";
import type { Grader } from "../../../src/grader/grader.ts";

const again = (given: object = {}) => gradeRequest.parse({ again: true, ...given });
const planned = { type: "file_f1", files: ["src/a.py", "src/b.py"] } as const;

type Controller = Awaited<ReturnType<typeof memoryController>>;

/** A rollout that wrote the reward it wants, ran its tests, and was graded. */
async function graded(controller: Controller, reward: string, given: { answer?: string; group?: string } = {}) {
  const { service } = controller;
  const { rollout_id } = await controller.rollout();
  await service.callTool(rollout_id, "shell", shell(`echo ${reward} > answer`, "c1"));
  await service.callTool(rollout_id, "shell", shell("echo tested", "c2"));
  const { answer } = given;
  await service.grade(rollout_id, answer === undefined ? {} : { answer });
  return rollout_id;
}

describe("a rollout that was graded is graded again", () => {
  test("from its stored change set, with its first answer, by other graders; its verdict stands", async () => {
    await using controller = await memoryController();
    const { service } = controller;
    const id = await graded(controller, "0.25", { answer: "It is src/a.py." });
    const first = (await service.get(id)).verdict;
    expect(controller.sandboxes()).toEqual([]);

    const verdict = await service.regrade(id, again({ graders: [planned] }));
    expect(verdict).toMatchObject({
      status: "scored",
      parts: [{ name: "file_f1", evidence: { precision: 1, recall: 0.5 } }],
    });
    expect(await service.regrade(id, again())).toMatchObject({ status: "scored", reward: 0.25 });
    const both = again({
      graders: [{ type: "tests", command: "npx vitest run" }, planned],
      reward: { formula: "tests + file_f1", gates: ["tests"] },
      answer: "- src/a.py\n- src/b.py",
    });
    expect(await service.regrade(id, both)).toMatchObject({ status: "scored", reward: 1.25 });

    expect((await service.get(id)).verdict).toEqual(first);
    expect(await service.regradings(id)).toMatchObject([
      { answer: "It is src/a.py.", reward: null, graders: [{ type: "file_f1" }], verdict },
      { answer: "It is src/a.py.", graders: [{ type: "tests" }], verdict: { reward: 0.25 } },
      { answer: "- src/a.py\n- src/b.py", reward: both.reward, verdict: { reward: 1.25 } },
    ]);
    expect((await service.trajectory(id)).records).toHaveLength(2);
  });

  test("by what it did, as the store recorded it", async () => {
    await using controller = await memoryController();
    const id = await graded(controller, "1");
    const graders = [
      { type: "validation", tests: ["echo tested"] },
      { type: "budget", calls: { free: 0, limit: 4 } },
    ];
    expect(await controller.service.regrade(id, again({ graders }))).toMatchObject({
      parts: [
        { name: "validation", reward: 0.75 },
        { name: "budget", reward: 0.5 },
      ],
      reward: 0.5,
      decision: "By the weakest part, budget.",
    });
  });

  test("also after a restart, and after it was closed", async () => {
    await using controller = await memoryController();
    const id = await graded(controller, "0.5");
    await controller.service.close(id);
    await controller.restart();
    expect(await controller.service.regrade(id, again())).toMatchObject({ reward: 0.5 });
    expect(await controller.service.regradings(id)).toHaveLength(1);
  });

  test("and is refused without a change set, and with graders that cannot grade it", async () => {
    await using controller = await memoryController();
    const { service } = controller;
    const { rollout_id } = await controller.rollout();
    expect(await codeOf(service.regrade(rollout_id, again()))).toBe("invalid_request");
    expect((await service.get(rollout_id)).status).toBe("active");
    const id = await graded(controller, "1");
    for (const given of [
      { graders: [planned, planned] },
      { graders: [planned], reward: { formula: "tests" } },
      { graders: [{ ...planned, files: ["/elsewhere"] }] },
    ])
      expect(await codeOf(service.regrade(id, again(given)))).toBe("invalid_environment");
    expect(await service.regradings(id)).toEqual([]);
  });

  test("without a score when a failure of ours keeps it from one, and that is kept too", async () => {
    let lost = false;
    await using controller = await memoryController({
      provider: (bare) =>
        altered(bare, (provider) => ({
          create: (...args) => (lost ? Promise.reject(new Error("no room")) : provider.create(...args)),
        })),
    });
    const id = await graded(controller, "1");
    lost = true;
    expect(await controller.service.regrade(id, again())).toMatchObject({ status: "unscored", reward: null });
    expect((await controller.service.get(id)).verdict).toMatchObject({ status: "scored", reward: 1 });
    expect(await controller.service.regradings(id)).toMatchObject([{ verdict: { status: "unscored" } }]);
  });

  test.each(["close", "drain"] as const)("until %s calls it off, which leaves nothing", async (how) => {
    const begun = Promise.withResolvers<void>();
    let waits = false;
    const grader: Grader = {
      type: "tests",
      grade: async (_spec, { openSandbox, signal }) => {
        await using _clean = await openSandbox();
        if (waits) {
          begun.resolve();
          await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
        }
        return { name: "tests", type: "tests", reward: 1, summary: "", evidence: {}, flags: [] };
      },
    };
    await using controller = await memoryController({ grader });
    const id = await graded(controller, "1");
    waits = true;
    const regraded = codeOf(controller.service.regrade(id, again()));
    await begun.promise;
    await (how === "close" ? controller.service.close(id) : controller.service.drain(5_000));
    expect(await regraded).toBe(how === "close" ? "rollout_closed" : "shutting_down");
    expect(controller.sandboxes()).toEqual([]);
    expect(await controller.store.regradings(id)).toEqual([]);
  });
});

test("graders are only taken for grading again", () => {
  expect(gradeRequest.safeParse({ graders: [planned] }).success).toBe(false);
  expect(gradeRequest.safeParse({ reward: { formula: "file_f1" } }).success).toBe(false);
  expect(gradeRequest.safeParse({ again: false, graders: [planned] }).success).toBe(false);
});

describe("an export", () => {
  const linesOf = async ({ store }: Controller, format: ExportFormat, query: { group?: string } = {}) => {
    let text = "";
    for await (const line of exportLines(exportedRollouts(store, query), format)) text += line;
    return text.trimEnd().split("\n");
  };

  test("has a line for each scored rollout, newest first, with its trajectory as Responses items", async () => {
    await using controller = await memoryController();
    await graded(controller, "0.25", { answer: "the first" });
    const { rollout_id: unscored } = await controller.rollout();
    await graded(controller, "1");
    const lines = (await linesOf(controller, "jsonl")).map((line) => JSON.parse(line) as { trajectory: string });
    expect(lines).toMatchObject([
      { item_index: 0, score: 1 },
      { item_index: 0, score: 0.25 },
    ]);
    expect(JSON.parse(lines[1]?.trajectory ?? "")).toEqual([
      { type: "function_call", call_id: "c1", name: "shell", arguments: '{"command":"echo 0.25 > answer"}' },
      { type: "function_call_output", call_id: "c1", output: expect.any(String) },
      { type: "function_call", call_id: "c2", name: "shell", arguments: '{"command":"echo tested"}' },
      { type: "function_call_output", call_id: "c2", output: expect.stringContaining("tested") },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "the first" }] },
    ]);
    expect((await controller.service.get(unscored)).verdict).toBeNull();
  });

  test("as a table has the columns that notebooks read", async () => {
    await using controller = await memoryController();
    await graded(controller, "0.25", { answer: "done" });
    const [head, row, ...rest] = await linesOf(controller, "csv");
    expect(head).toBe("item_index,reward,latency_s,output_tokens,tool_calls");
    expect(row).toMatch(/^0,0\.25,\d+(\.\d{1,3})?,16,2$/);
    expect(rest).toEqual([]);
  });

  test("numbers items by their label or else by their groups, and gives one group alone when it is asked to", async () => {
    await using controller = await memoryController();
    const { service } = controller;
    const played: [string | undefined, Record<string, string>][] = [
      ["a", {}],
      ["b", {}],
      ["a", {}],
      [undefined, { item_index: "41" }],
    ];
    for (const [group, labels] of played) {
      const { rollout } = await service.create({
        environment: smallEnvironment({ graders: [{ type: "budget", calls: { free: 1, limit: 2 } }] }),
        labels,
        ...(group === undefined ? {} : { group }),
      });
      await service.waitUntilSettled(rollout.rollout_id, 10_000);
      await service.grade(rollout.rollout_id, {});
    }
    const indices = async (query: { group?: string } = {}) =>
      (await linesOf(controller, "jsonl", query)).map(
        (line) => (JSON.parse(line) as { item_index: number }).item_index,
      );
    expect((await indices()).toSorted((a, b) => a - b)).toEqual([0, 0, 1, 41]);
    expect(await indices({ group: "a" })).toEqual([0, 0]);
  });
});
