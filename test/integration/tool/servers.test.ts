import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { environment as environmentSchema } from "../../../src/model/environment.ts";
import { whyUnavailable } from "../../support/backend-availability.ts";
import { gitRepository } from "../../support/git-repository.ts";
import { localController } from "../../support/local-controller.ts";
import { toolServerFiles, toolsOfServer } from "../../support/tool-server.ts";

describe("the tools of an MCP server in the sandbox, on oci", () => {
  let unavailable: string | undefined;
  let controller: Awaited<ReturnType<typeof localController>>;
  let repository: Awaited<ReturnType<typeof gitRepository>>;
  let rollout = "";

  beforeAll(async () => {
    unavailable = await whyUnavailable("oci");
    if (unavailable !== undefined) return;
    controller = await localController("oci");
    repository = await gitRepository([{ files: await toolServerFiles() }]);
    const tools = await toolsOfServer();
    const usual = { command: "node server.mjs", tools, timeout_ms: 30_000 };
    const another = tools.map((tool) => ({ ...tool, inputSchema: { type: "object", properties: { other: {} } } }));
    const created = await controller.service.create({
      environment: environmentSchema.parse({
        name: "servers",
        image: controller.image,
        repo: { url: repository.url, commit: repository.commits[0] ?? "" },
        tools: ["shell", "background_start"],
        tool_servers: [
          { ...usual, name: "docs", prefix: "docs_" },
          { ...usual, name: "hasty", prefix: "hasty_", timeout_ms: 4_000, max_output_bytes: 1024 },
          { ...usual, name: "absent", prefix: "absent_", command: "no-such-program" },
          {
            ...usual,
            name: "mumbling",
            prefix: "mumbling_",
            command: "while echo '{}'; do sleep 0.1; done",
            timeout_ms: 2_000,
          },
          { ...usual, name: "flooding", prefix: "flooding_", command: "tr '\\0' x < /dev/zero" },
          { ...usual, name: "another", prefix: "another_", tools: another },
        ],
      }),
    });
    rollout = created.rollout.rollout_id;
    await controller.service.waitUntilSettled(rollout, 90_000);
  }, 180_000);

  afterAll(async () => {
    if (unavailable !== undefined) return;
    await controller.service.close(rollout);
    await controller[Symbol.asyncDispose]();
    await repository[Symbol.asyncDispose]();
  });

  beforeEach(({ skip }) => skip(unavailable !== undefined, unavailable));

  const call = async (tool: string, args: Record<string, unknown> = {}, id = `c-${randomUUID()}`) =>
    await controller.service.callTool(rollout, tool, { call_id: id, arguments: args });
  const shell = async (command: string) => (await call("shell", { command })).output;

  test("they are offered as they are declared, before any server runs", async () => {
    const offered = await controller.service.tools(rollout);
    expect(offered.find(({ name }) => name === "docs_remember")).toMatchObject({
      effect: "write",
      description: "Keeps a text, and says what was kept so far.",
    });
    expect(await shell("pgrep -f 'server[.]mjs' || echo none")).toBe("none\n");
  });

  test("the server is started by the first call and keeps what it knows, also when the controller is restarted", async () => {
    expect((await call("docs_remember", { text: "one" })).output).toBe("one\n");
    expect(await call("docs_remember", { text: "two" })).toMatchObject({
      output: "one two\n",
      data: { is_error: false, structured: { kept: 2 } },
    });
    await controller.restart();
    expect((await call("docs_remember", { text: "three" })).output).toBe("one two three\n");
  });

  test("a call that is asked again is not made again", async () => {
    const before = await call("docs_remember", { text: "four" }, "once");
    expect(await call("docs_remember", { text: "four" }, "once")).toMatchObject({
      output: before.output,
      replayed: true,
    });
  });

  test("calls that come together each get their own answer", async () => {
    const answers = await Promise.all(["a", "b", "c", "d"].map((text) => call("docs_remember", { text })));
    expect(answers.map(({ output }) => output.trim().split(" ").at(-1))).toEqual(["a", "b", "c", "d"]);
  });

  test("a picture comes beside the text, and a failure that the tool tells is told", async () => {
    const shown = await call("docs_picture");
    expect(shown.output).toBe("a red dot\n[display]\nimage\n[outputs[0] has also image/png (12 characters)]\n");
    expect(shown.data).toMatchObject({ outputs: [{ forms: { "image/png": "iVBORw0KGgo=" } }] });
    expect(await call("docs_refuse")).toMatchObject({
      output: "[the tool says that it failed]\nnothing of that name\n",
      data: { is_error: true },
    });
  });

  test("a server that ends is said so, and started anew by the next call", async () => {
    const left = await call("docs_leave");
    expect(left.error).toMatchObject({ code: "tool_server_failed", cause: "policy" });
    expect(left.output).toMatch(/^Error: The server docs ended \(exit code 3\)\. Call the tool again/);
    expect((await call("docs_remember", { text: "new" })).output).toBe("new\n");
  });

  test("one that the policy kills is started anew too, at the latest after a call that says so", async () => {
    await call("docs_remember", { text: "x" });
    await shell("pkill -9 -f 'server[.]mjs'; true");
    const first = await call("docs_remember", { text: "again" });
    if (first.error)
      expect(first.output).toMatch(/^Error: The server docs ended \(killed by SIGKILL\)\. Call the tool again/);
    const answer = first.error ? await call("docs_remember", { text: "again" }) : first;
    expect(answer.output).toBe("again\n");
  });

  test("one that does not answer in time is killed with all that it started", async () => {
    const waited = await call("hasty_wait");
    expect(waited.output).toMatch(/^Error: The server hasty did not answer within 4000 ms; it was killed\./);
    expect(await shell("pgrep -f 'sleep 471[1]' || echo none")).toBe("none\n");
    expect((await call("hasty_remember", { text: "on" })).output).toBe("on\n");
  });

  test("long answers are cut, and longer messages than are taken end the server", async () => {
    const long = await call("hasty_write", { bytes: 100_000 });
    expect(long.truncated).toBe(true);
    expect(Buffer.byteLength(long.output)).toBeLessThan(2_000);
    expect((await call("docs_write", { bytes: 5_000_000 })).output).toMatch(
      /^Error: The server docs sent a message of more than 4194304 bytes\./,
    );
  });

  test.each([
    ["absent", /^Error: The server absent ended \(exit code 127\)/],
    ["mumbling", /^Error: The server mumbling did not answer within 2000 ms; it was killed\./],
    ["flooding", /^Error: The server flooding (?:sent a message of more than|wrote more than|does not read)/],
    ["another", /^Error: The server another has another remember, another picture/],
  ])("a server that is %s is an answer to the policy and no failure of the rollout", async (name, said) => {
    expect((await call(`${name}_remember`, name === "another" ? {} : { text: "x" })).output).toMatch(said);
    expect((await call("shell", { command: "echo on" })).output).toBe("on\n");
  });
});
