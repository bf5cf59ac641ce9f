import { expect, test, vi } from "vitest";
import { BerthError } from "../../../src/core/errors.ts";
import type { Store } from "../../../src/store/store.ts";
import { altered, codeOf, memoryController, shell } from "../../support/memory-controller.ts";

test("a call waits for the sandbox, runs and is recorded before its answer leaves", async () => {
  await using controller = await memoryController();
  const { service } = controller;
  const { rollout_id } = await controller.rollout();
  const result = await service.callTool(rollout_id, "shell", shell("echo hello", "c1"));
  expect(result).toMatchObject({ call_id: "c1", tool: "shell", output: "hello\n", replayed: false });
  const { records } = await service.trajectory(rollout_id);
  expect(records).toMatchObject([
    { seq: 0, call_id: "c1", state: "done", effect: "write", result: { output: "hello\n" } },
  ]);
  expect(await service.get(rollout_id)).toMatchObject({ status: "active", tool_calls: 1 });
  expect((await service.get(rollout_id)).first_result_at).not.toBeNull();
});

test("a call without an id gets one, and two of them are two calls", async () => {
  await using controller = await memoryController();
  const { rollout_id } = await controller.rollout();
  const run = () => controller.service.callTool(rollout_id, "shell", shell("echo x >> f; cat f"));
  const [one, two] = [await run(), await run()];
  expect([one.output, two.output]).toEqual(["x\n", "x\nx\n"]);
  expect(one.call_id).not.toBe(two.call_id);
});

test("a call that is sent again gives the stored result, and its command ran once", async () => {
  await using controller = await memoryController();
  const { service } = controller;
  const { rollout_id } = await controller.rollout();
  const send = () => service.callTool(rollout_id, "shell", shell("echo line >> f; cat f", "c1"));
  const first = await send();
  const { replayed, ...again } = await send();
  expect(replayed).toBe(true);
  expect({ ...again, replayed: false }).toEqual(first);
  expect((await service.callTool(rollout_id, "read_file", { arguments: { path: "f" } })).output).not.toContain("2");
  expect((await service.trajectory(rollout_id)).records).toHaveLength(2);
});

test("of twenty requests with one id at the same time one runs and all get its result", async () => {
  await using controller = await memoryController();
  const { service } = controller;
  const { rollout_id } = await controller.rollout();
  const send = () => service.callTool(rollout_id, "shell", shell("echo line >> f; sleep 0.05; cat f", "c1"));
  const results = await Promise.all(Array.from({ length: 20 }, send));
  expect(new Set(results.map(({ output }) => output))).toEqual(new Set(["line\n"]));
  expect(results.filter(({ replayed }) => !replayed)).toHaveLength(1);
  expect((await service.trajectory(rollout_id)).records).toHaveLength(1);
});

test("a call id of another call is a conflict, while that runs and afterwards, and changes nothing", async () => {
  await using controller = await memoryController();
  const { service } = controller;
  const { rollout_id } = await controller.rollout();
  const running = service.callTool(rollout_id, "shell", shell("sleep 0.1; echo one", "c1"));
  const others = [
    ["shell", shell("echo two", "c1")],
    ["read_file", { call_id: "c1", arguments: { path: "f" } }],
  ] as const;
  for (const [tool, request] of others)
    expect(await codeOf(service.callTool(rollout_id, tool, request))).toBe("call_conflict");
  expect((await running).output).toBe("one\n");
  for (const [tool, request] of others)
    expect(await codeOf(service.callTool(rollout_id, tool, request))).toBe("call_conflict");
  expect((await service.trajectory(rollout_id)).records).toHaveLength(1);
});

test("two rollouts may use one call id", async () => {
  await using controller = await memoryController();
  const rollouts = await Promise.all([controller.rollout(), controller.rollout()]);
  const outputs = await Promise.all(
    rollouts.map(({ rollout_id }, n) => controller.service.callTool(rollout_id, "shell", shell(`echo ${n}`, "c1"))),
  );
  expect(outputs.map(({ output }) => output)).toEqual(["0\n", "1\n"]);
});

test("reads overlap, and a write waits for them", async () => {
  let together = 0;
  let most = 0;
  await using controller = await memoryController();
  const { service } = controller;
  const { rollout_id } = await controller.rollout();
  await service.callTool(rollout_id, "write_file", { arguments: { path: "f", content: "0\n" } });
  const read = async () => {
    together++;
    most = Math.max(most, together);
    const { output } = await service.callTool(rollout_id, "read_file", { arguments: { path: "f" } });
    together--;
    return output;
  };
  const before = [read(), read(), read()];
  const write = service.callTool(rollout_id, "write_file", { arguments: { path: "f", content: "1\n" } });
  const after = [read(), read()];
  await write;
  for (const output of await Promise.all(before)) expect(output).toContain("0");
  for (const output of await Promise.all(after)) expect(output).toMatch(/1\n?$/);
  expect(most).toBeGreaterThan(1);
});

test.for([
  ["an unknown tool", "teleport", {}, "unknown_tool"],
  ["a tool that the environment does not offer", "grep", { pattern: "x" }, "unknown_tool"],
  ["wrong arguments", "shell", { cmd: "ls" }, "invalid_arguments"],
  ["arguments that are no JSON", "shell", '{"command":', "invalid_arguments"],
] as const)("a call of %s is refused, recorded, and refused again", async ([, tool, args, code]) => {
  await using controller = await memoryController();
  const { service } = controller;
  const { rollout_id } = await controller.rollout({ tools: ["shell", "read_file"] });
  const send = () => service.callTool(rollout_id, tool, { call_id: "c1", arguments: args });
  const thrown = await send().catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(BerthError);
  expect(thrown).toMatchObject({ code, causedBy: "policy" });
  const again = (await send().catch((error: unknown) => error)) as BerthError;
  expect(again.report()).toEqual((thrown as BerthError).report());
  expect((await service.trajectory(rollout_id)).records).toMatchObject([
    { call_id: "c1", tool, state: "done", result: { error: { code } } },
  ]);
  expect((await service.get(rollout_id)).status).toBe("active");
});

test("what a tool answers about wrong arguments is its result, the first time and again", async () => {
  await using controller = await memoryController();
  const { service } = controller;
  const { rollout_id } = await controller.rollout();
  await service.callTool(rollout_id, "write_file", { arguments: { path: "f", content: "a" } });
  const send = () =>
    service.callTool(rollout_id, "edit_file", {
      call_id: "c1",
      arguments: { path: "f", old_text: "a", new_text: "a" },
    });
  const first = await send().catch((error: unknown) => error);
  const again = await send().catch((error: unknown) => error);
  expect(again instanceof BerthError).toBe(first instanceof BerthError);
});

test("a command that asks for longer than the controller allows times out as the policy's doing", async () => {
  await using controller = await memoryController({ limits: { toolCallMs: 100 } });
  const { service } = controller;
  const { rollout_id } = await controller.rollout();
  const result = await service.callTool(rollout_id, "shell", {
    call_id: "c1",
    arguments: { command: "sleep 60", timeout_ms: 600_000 },
  });
  expect(result.outcome).toEqual({ type: "timed_out" });
  expect((await service.trajectory(rollout_id)).records[0]?.state).toBe("done");
  expect((await service.callTool(rollout_id, "shell", shell("echo alive"))).output).toBe("alive\n");
});

test("a result that cannot be stored is told to nobody, and the call is not run again", async () => {
  let broken = false;
  const failing = (store: Store): Store =>
    altered(store, () =>
      broken ? { finishCall: () => Promise.reject(new BerthError("storage_failed", "The disk is full.")) } : {},
    );
  await using controller = await memoryController({ store: failing });
  const { service } = controller;
  const { rollout_id } = await controller.rollout();
  broken = true;
  const send = () => service.callTool(rollout_id, "shell", shell("echo line >> f", "c1"));
  expect(await codeOf(send())).toBe("storage_failed");
  broken = false;
  expect(await codeOf(send())).toBe("outcome_unknown");
  expect((await service.callTool(rollout_id, "shell", shell("cat f"))).output).toBe("line\n");
});

test("a call that was reserved and never ended is unknown after a restart, and not run again", async () => {
  await using controller = await memoryController();
  const { rollout_id } = await controller.rollout();
  await controller.service.callTool(rollout_id, "shell", shell("echo line >> f", "done"));
  const lost = codeOf(controller.service.callTool(rollout_id, "shell", shell("echo begun >> f; sleep 60", "cut")));
  await vi.waitFor(async () =>
    expect((await controller.service.trajectory(rollout_id)).records.map(({ state }) => state)).toEqual([
      "done",
      "running",
    ]),
  );
  await controller.restart({ crash: true });
  const { service } = controller;
  expect(await codeOf(service.callTool(rollout_id, "shell", shell("echo begun >> f; sleep 60", "cut")))).toBe(
    "outcome_unknown",
  );
  expect((await service.callTool(rollout_id, "shell", shell("echo line >> f", "done"))).replayed).toBe(true);
  expect((await service.callTool(rollout_id, "shell", shell("cat f"))).output).toBe("line\nbegun\n");
  await service.close(rollout_id);
  await lost;
});
