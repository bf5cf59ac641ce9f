import { readFileSync } from "node:fs";
import { mcpClient, protocols, type ProtocolKind } from "../../support/mcp-client.ts";
import type { AgentCase } from "../agent-case.ts";

const { version } = JSON.parse(
  readFileSync(new URL("../../../node_modules/@modelcontextprotocol/client/package.json", import.meta.url), "utf8"),
) as { version: string };
const client = `@modelcontextprotocol/client ${version}`;

const textOf = ({ content }: { content: unknown }): string =>
  (content as { text: string }[]).map(({ text }) => text).join("");

const casesOf = (kind: ProtocolKind): AgentCase[] => [
  {
    client,
    feature: `lists tools and uses one, ${kind}`,
    expected: "shell, grep; 3 lines",
    async run(berth) {
      const { key, mcp } = await berth.rollout({ tools: ["shell", "grep"] });
      await using session = await mcpClient(mcp, key, kind);
      const { tools } = await session.client.listTools();
      const counted = await session.client.callTool({ name: "shell", arguments: { command: "seq 3 | wc -l" } });
      return `${tools.map(({ name }) => name).join(", ")}; ${textOf(counted).trim()} lines`;
    },
  },
  {
    client,
    feature: `uses tools at the same time, ${kind}`,
    expected: "0 1 2 3 4 5 6 7",
    async run(berth) {
      const { key, mcp } = await berth.rollout();
      await using session = await mcpClient(mcp, key, kind);
      const all = Array.from({ length: 8 }, (_, n) =>
        session.client.callTool({ name: "shell", arguments: { command: `echo ${n}` } }),
      );
      return (await Promise.all(all)).map((answer) => textOf(answer).trim()).join(" ");
    },
  },
  {
    client,
    feature: `cancels a command, ${kind}`,
    expected: "cancelled; nothing of it runs",
    async run(berth) {
      const { key, mcp } = await berth.rollout();
      await using session = await mcpClient(mcp, key, kind);
      const cancel = new AbortController();
      const call = session.client.callTool(
        { name: "shell", arguments: { command: "sleep 4321" } },
        { signal: cancel.signal, onprogress: () => cancel.abort("not needed") },
      );
      const end = await call.then(() => "ended").catch(() => "cancelled");
      // Writes are in order: this one runs when the other has ended. It finds its own shell, so it sees what runs.
      const list = "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'";
      const look = `${list} | grep -cx 432[1]; ${list} | grep -cx -e --norc`;
      const left = textOf(await session.client.callTool({ name: "shell", arguments: { command: look } }));
      return `${end}; ${/^0\n[1-9]/.test(left) ? "nothing of it runs" : left}`;
    },
  },
];

export const mcpSdkCases: readonly AgentCase[] = (Object.keys(protocols) as ProtocolKind[]).flatMap(casesOf);
