import { Agent, applyPatchTool, Runner, shellTool } from "@openai/agents";
import { Manifest, SandboxAgent } from "@openai/agents/sandbox";
import { assistantMessage, functionCall, ScriptedModel } from "@openai/agents/testing";
import { describe, expect, test } from "vitest";
import { berthEditor, BerthRequestError, BerthSandboxClient, berthShell } from "../../../src/agents/index.ts";
import { apiKey } from "../../support/http-app.ts";
import { smallEnvironment } from "../../support/memory-controller.ts";
import { servedRollouts } from "../../support/served-rollouts.ts";

const runner = new Runner({ tracingDisabled: true });
const shellCall = (callId: string, commands: string[]) =>
  ({ type: "shell_call", callId, status: "completed", action: { commands } }) as const;

/** What the model was shown of its calls. */
const outputsOf = (items: readonly { type?: string | undefined; output?: unknown }[]) =>
  items.filter(({ type }) => type?.endsWith("_output") || type === "function_call_result").map(({ output }) => output);

describe("an agent of the SDK", () => {
  test("works in a rollout by its shell and its editor", async () => {
    await using berth = await servedRollouts();
    const { id, key } = await berth.rollout();
    const address = { url: berth.url, rolloutId: id, key };
    const model = new ScriptedModel([
      [
        {
          type: "apply_patch_call",
          callId: "1",
          status: "completed",
          operation: { type: "create_file", path: "a", diff: "+one\n" },
        },
      ],
      [
        {
          type: "apply_patch_call",
          callId: "2",
          status: "completed",
          operation: { type: "update_file", path: "a", diff: "@@\n-one\n+two\n" },
        },
      ],
      [shellCall("3", ["cat a", "exit 4"])],
      [assistantMessage("done")],
    ]);
    const tools = [shellTool({ shell: berthShell(address) }), applyPatchTool({ editor: berthEditor(address) })];
    const result = await runner.run(new Agent({ name: "coder", model, tools }), "go");
    expect(result.finalOutput).toBe("done");
    expect(outputsOf(result.history)).toEqual([
      expect.stringContaining("added a"),
      expect.stringContaining("updated a"),
      [
        { stdout: "two\n", stderr: "", outcome: { type: "exit", exitCode: 0 } },
        { stdout: "", stderr: "", outcome: { type: "exit", exitCode: 4 } },
      ],
    ]);
    const { records } = await berth.controller.service.trajectory(id);
    expect(records.map(({ tool }) => tool)).toEqual(["apply_patch", "apply_patch", "shell", "shell"]);
  });

  test("has a sandbox of its own, which ends with the run", async () => {
    await using berth = await servedRollouts();
    const client = new BerthSandboxClient(
      { url: berth.url, key: apiKey },
      { environment: smallEnvironment(), group: "g" },
    );
    const model = new ScriptedModel([
      [functionCall("exec_command", { cmd: "cat notes; echo more > notes" }, { callId: "1" })],
      [functionCall("exec_command", { cmd: "cat notes; exit 2" }, { callId: "2" })],
      [assistantMessage("done")],
    ]);
    const defaultManifest = new Manifest({ entries: { notes: { type: "file", content: "from the manifest\n" } } });
    const agent = new SandboxAgent({ name: "coder", model, defaultManifest });
    const result = await runner.run(agent, "go", { sandbox: { client } });
    const outputs = outputsOf(result.history).map((output) => JSON.stringify(output));
    expect(outputs[0]).toContain("from the manifest");
    expect(outputs[1]).toMatch(/exited with code 2.*more/);
    const [rollout] = await berth.controller.service.list({ limit: 2 });
    expect(rollout).toMatchObject({ group: "g", status: "closed", created_by: "tests" });
  });
});

describe("a sandbox client", () => {
  test("takes a rollout up again from the state of its session", async () => {
    await using berth = await servedRollouts();
    const client = new BerthSandboxClient({ url: berth.url, key: apiKey }, { environment: smallEnvironment() });
    const session = await client.create();
    await session.exec({ cmd: "echo kept > a" });
    const state = await client.deserializeSessionState(await client.serializeSessionState(session.state));
    const again = await client.resume(state);
    expect(await again.exec({ cmd: "cat a" })).toMatchObject({ stdout: "kept\n", exitCode: 0 });
    expect(await again.running()).toBe(true);
    await again.close();
    expect(await again.running()).toBe(false);
    await expect(client.resume(state)).rejects.toMatchObject({ code: "rollout_closed" });
  });

  test("says of a refusal what it is and who caused it", async () => {
    await using berth = await servedRollouts();
    const wrongKey = new BerthSandboxClient({ url: berth.url, key: "another-key" }, { environment: "small" });
    await expect(wrongKey.create()).rejects.toMatchObject({ code: "unauthorized", status: 401, causedBy: "caller" });
    const nowhere = new BerthSandboxClient({ url: berth.url, key: apiKey }, { environment: "nowhere" });
    await expect(nowhere.create()).rejects.toBeInstanceOf(BerthRequestError);
    const git = new Manifest({
      entries: { repo: { type: "git_repo", repo: "https://example.invalid/a.git" } } as never,
    });
    const client = new BerthSandboxClient({ url: berth.url, key: apiKey }, { environment: smallEnvironment() });
    await expect(client.create(git)).rejects.toThrow(/takes no git_repo/);
    expect((await berth.controller.service.list({ limit: 9 })).map(({ status }) => status)).toEqual(["closed"]);
  });

  test("of nobody who runs as another user", async () => {
    await using berth = await servedRollouts();
    const client = new BerthSandboxClient({ url: berth.url, key: apiKey }, { environment: smallEnvironment() });
    const session = await client.create();
    await expect(session.exec({ cmd: "id", runAs: "root" })).rejects.toThrow(/leave `runAs` out/);
    await session.close();
  });
});
