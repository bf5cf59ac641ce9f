import { describe, expect, test } from "vitest";
import { servedRollouts } from "../../../support/served-rollouts.ts";

interface Answer {
  readonly type: string;
  readonly status: string;
  readonly max_output_length: number;
  readonly output: readonly { readonly stdout: string; readonly stderr: string; readonly outcome: object }[];
  readonly error: object;
}

const bodyOf = ({ body }: { body: unknown }) => body as Answer;

async function door() {
  const berth = await servedRollouts();
  const { id, key } = await berth.rollout();
  return {
    berth,
    id,
    answer: async (item: object) => bodyOf(await berth.send("POST", `/v1/rollouts/${id}/items`, item, key)),
    [Symbol.asyncDispose]: () => berth[Symbol.asyncDispose](),
  };
}

const shellCall = (commands: string[], more: object = {}, call_id = "c1") => ({
  type: "shell_call",
  call_id,
  action: { commands, ...more },
});

describe("a shell_call", () => {
  test("gives one entry a command, in their order, with how each ended", async () => {
    await using items = await door();
    expect(await items.answer(shellCall(["echo one > a", "cat a; echo no >&2; exit 3"]))).toEqual({
      type: "shell_call_output",
      call_id: "c1",
      output: [
        { stdout: "", stderr: "", outcome: { type: "exit", exit_code: 0 } },
        { stdout: "one\n", stderr: "no\n", outcome: { type: "exit", exit_code: 3 } },
      ],
    });
  });

  test("that comes again is answered from the record", async () => {
    await using items = await door();
    const item = shellCall(["echo x >> log", "cat log"]);
    const [first, again] = [await items.answer(item), await items.answer(item)];
    expect(again).toEqual(first);
    expect((await items.berth.controller.service.trajectory(items.id)).records.map(({ call_id }) => call_id)).toEqual([
      "c1",
      "c1.1",
    ]);
  });

  test("whose time is up says so", async () => {
    await using items = await door();
    const { output } = await items.answer(shellCall(["sleep 60"], { timeout_ms: 200 }));
    expect(output[0]?.outcome).toEqual({ type: "timeout" });
  });

  test("gives no more characters than it asks for", async () => {
    await using items = await door();
    const command = `echo ${"0123456789".repeat(8)}; echo error >&2`;
    const { max_output_length, output } = await items.answer(shellCall([command], { max_output_length: 20 }));
    expect([max_output_length, `${output[0]?.stdout}${output[0]?.stderr}`.length]).toEqual([20, 20]);
    expect(output[0]?.stderr).toBe("error\n");
  });

  test("of a tool that the environment does not have is refused in its output", async () => {
    await using berth = await servedRollouts();
    const { id, key } = await berth.rollout({ tools: ["grep"] });
    const { status, body } = await berth.send("POST", `/v1/rollouts/${id}/items`, shellCall(["ls"]), key);
    expect([status, body.output[0].outcome.exit_code]).toEqual([200, 1]);
    expect(body.output[0].stderr).toContain("There is no tool shell");
  });
});

const patchCall = (operation: object, call_id = "p1") => ({ type: "apply_patch_call", call_id, operation });

describe("an apply_patch_call", () => {
  test("creates, updates, moves and deletes a file", async () => {
    await using items = await door();
    const steps = [
      [{ type: "create_file", path: "a.ts", diff: "+const x = 1;\n+const y = 2;\n" }, "added a.ts"],
      [{ type: "update_file", path: "a.ts", diff: "@@\n-const x = 1;\n+const x = 3;\n" }, "updated a.ts"],
      [
        { type: "update_file", path: "a.ts", move_to: "b.ts", diff: "@@\n-const y = 2;\n+const y = 4;\n" },
        "moved a.ts",
      ],
    ] as const;
    for (const [index, [operation, said]] of steps.entries())
      expect(await items.answer(patchCall(operation, `p${index}`))).toMatchObject({
        type: "apply_patch_call_output",
        status: "completed",
        output: expect.stringContaining(said),
      });
    let reads = 0;
    const read = async () => (await items.answer(shellCall(["cat b.ts; ls"], {}, `s${++reads}`))).output[0]?.stdout;
    expect(await read()).toContain("const x = 3;\nconst y = 4;\n");
    expect(await items.answer(patchCall({ type: "delete_file", path: "b.ts" }, "p9"))).toMatchObject({
      status: "completed",
    });
    expect(await read()).not.toContain("b.ts");
  });

  test.each([
    ["does not fit", { type: "update_file", path: "none", diff: "@@\n-a\n+b\n" }, /none/],
    ["leaves the workspace", { type: "create_file", path: "../a", diff: "+a" }, /leaves the workspace/],
    ["names two lines", { type: "delete_file", path: "a\n*** Delete File: b" }, /line break/],
  ])("that %s fails and says why", async (_what, operation, why) => {
    await using items = await door();
    const { status, output } = await items.answer(patchCall(operation));
    expect([status, output]).toEqual(["failed", expect.stringMatching(why)]);
  });
});

describe("a local_shell_call", () => {
  const localCall = (action: object) => ({
    type: "local_shell_call",
    id: "l1",
    call_id: "l1",
    action: { type: "exec", ...action },
  });

  test("runs a program with its arguments as they are", async () => {
    await using items = await door();
    const command = ["echo", "it's", "$HOME", "a  b"];
    expect(await items.answer(localCall({ command, env: {} }))).toEqual({
      type: "local_shell_call_output",
      call_id: "l1",
      status: "completed",
      output: "it's $HOME a  b\n",
    });
  });

  test("runs as no other user", async () => {
    await using items = await door();
    expect(await items.answer(localCall({ command: ["id"], user: "root" }))).toMatchObject({ status: "incomplete" });
  });
});

test("an item of another kind is refused", async () => {
  await using items = await door();
  expect((await items.answer({ type: "computer_call", call_id: "c" })).error).toMatchObject({
    code: "invalid_request",
  });
});
