import { readFileSync } from "node:fs";
import { Agent, applyPatchTool, MCPServerStreamableHttp, Runner, shellTool } from "@openai/agents";
import { Manifest, SandboxAgent } from "@openai/agents/sandbox";
import { assistantMessage, functionCall, ScriptedModel } from "@openai/agents/testing";
import { berthEditor, BerthSandboxClient, berthShell } from "../../../src/agents/index.ts";
import type { AgentCase } from "../agent-case.ts";
import { agentsEnvironment } from "../running-berth.ts";

const { version } = JSON.parse(
  readFileSync(new URL("../../../node_modules/@openai/agents/package.json", import.meta.url), "utf8"),
) as { version: string };
const client = `@openai/agents ${version}`;
const runner = new Runner({ tracingDisabled: true });

const shellCall = (callId: string, ...commands: string[]) =>
  [{ type: "shell_call", callId, status: "completed", action: { commands } }] as const;

/** What the model was shown last of its calls. */
const lastOutput = (items: readonly object[]): string =>
  JSON.stringify(items.flatMap((item) => ("output" in item ? [item.output] : [])).at(-1));

export const agentsSdkCases: readonly AgentCase[] = [
  {
    client,
    feature: "shellTool with berthShell",
    expected: '[{"stdout":"1\\n2\\n","stderr":"no\\n","outcome":{"type":"exit","exitCode":5}}]',
    async run(berth) {
      const { url, id: rolloutId, key } = await berth.rollout();
      const model = new ScriptedModel([[...shellCall("1", "seq 2; echo no >&2; exit 5")], [assistantMessage("done")]]);
      const tools = [shellTool({ shell: berthShell({ url, rolloutId, key }) })];
      const { history } = await runner.run(new Agent({ name: "coder", model, tools }), "go");
      return lastOutput(history);
    },
  },
  {
    client,
    feature: "applyPatchTool with berthEditor",
    expected: '[{"stdout":"b.txt: two\\n","stderr":"","outcome":{"type":"exit","exitCode":0}}]',
    async run(berth) {
      const { url, id: rolloutId, key } = await berth.rollout();
      const address = { url, rolloutId, key };
      const patch = (callId: string, operation: object) =>
        [{ type: "apply_patch_call", callId, status: "completed", operation }] as never;
      const model = new ScriptedModel([
        patch("1", { type: "create_file", path: "a.txt", diff: "+one\n" }),
        patch("2", { type: "update_file", path: "a.txt", moveTo: "b.txt", diff: "@@\n-one\n+two\n" }),
        patch("3", { type: "create_file", path: "c.txt", diff: "+gone\n" }),
        patch("4", { type: "delete_file", path: "c.txt" }),
        [...shellCall("5", "for f in *.txt; do echo $f: $(cat $f); done")],
        [assistantMessage("done")],
      ]);
      const tools = [shellTool({ shell: berthShell(address) }), applyPatchTool({ editor: berthEditor(address) })];
      const { history } = await runner.run(new Agent({ name: "coder", model, tools }), "go");
      return lastOutput(history);
    },
  },
  {
    client,
    feature: "a SandboxAgent with BerthSandboxClient",
    expected: "read the manifest's file",
    async run({ url, key }) {
      const sandboxes = new BerthSandboxClient({ url, key }, { environment: agentsEnvironment });
      const model = new ScriptedModel([
        [functionCall("exec_command", { cmd: "cat notes.md" }, { callId: "1" })],
        [assistantMessage("done")],
      ]);
      const defaultManifest = new Manifest({ entries: { "notes.md": { type: "file", content: "a note\n" } } });
      const agent = new SandboxAgent({ name: "coder", model, defaultManifest });
      const { history } = await runner.run(agent, "go", { sandbox: { client: sandboxes } });
      return lastOutput(history).includes("a note") ? "read the manifest's file" : lastOutput(history);
    },
  },
  {
    client,
    feature: "files of a BerthSandboxSession",
    expected: "100000 bytes as they were; a/ b.bin; is there, is not",
    async run({ url, key }) {
      const session = await new BerthSandboxClient({ url, key }, { environment: agentsEnvironment }).create();
      try {
        await session.exec({ cmd: "mkdir -p d/a && head -c 100000 /dev/urandom > d/b.bin" });
        const bytes = await session.readFile({ path: "d/b.bin" });
        const { stdout } = await session.exec({ cmd: "sha256sum < d/b.bin" });
        const digest = Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(bytes))).toString("hex");
        const entries = (await session.listDir({ path: "d" })).map(({ name, type }) =>
          type === "dir" ? `${name}/` : name,
        );
        const there = [await session.pathExists("d/a"), await session.pathExists("d/c")];
        const same = stdout.startsWith(digest) ? "as they were" : "not as they were";
        return `${bytes.length} bytes ${same}; ${entries.toSorted().join(" ")}; ${there.map((is) => (is ? "is there" : "is not")).join(", ")}`;
      } finally {
        await session.close();
      }
    },
  },
  {
    client,
    feature: "its MCP client",
    expected: '"hello from mcp"',
    async run(berth) {
      const { mcp, key } = await berth.rollout();
      const server = new MCPServerStreamableHttp({
        url: mcp,
        requestInit: { headers: { authorization: `Bearer ${key}` } },
      });
      await server.connect();
      try {
        const model = new ScriptedModel([
          [functionCall("shell", { command: "printf 'hello from mcp'" }, { callId: "1" })],
          [assistantMessage("done")],
        ]);
        const { history } = await runner.run(new Agent({ name: "coder", model, mcpServers: [server] }), "go");
        return /"hello from mcp"/.exec(lastOutput(history))?.[0] ?? lastOutput(history);
      } finally {
        await server.close();
      }
    },
  },
];
