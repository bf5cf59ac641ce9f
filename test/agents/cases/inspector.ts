import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { examplesOfPage, pageText } from "../../support/examples-of-page.ts";
import type { AgentCase } from "../agent-case.ts";
import { runClient, versionOf } from "../client-program.ts";
import type { AgentsRollout } from "../running-berth.ts";

const client = versionOf("@modelcontextprotocol/inspector");

interface Inspected {
  readonly tools?: readonly { readonly name: string }[];
  readonly isError?: boolean;
  readonly content?: readonly { readonly text: string }[];
}
const namesIn = ({ tools = [] }: Inspected): string => tools.map(({ name }) => name).join(", ");

const inspect = ({ mcp, key }: AgentsRollout, ...args: string[]): Promise<Inspected> =>
  inspector(["--cli", mcp, "--transport", "http", "--header", `Authorization: Bearer ${key}`, ...args]);

async function inspector(args: readonly string[]): Promise<Inspected> {
  const { code, stdout, stderr } = await runClient("mcp-inspector", args);
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr} ${stdout}`.slice(0, 1_500));
  return JSON.parse(stdout) as Inspected;
}

/** The words of the command that the page gives its readers. */
function documentedCommand({ mcp, key }: AgentsRollout): string[] {
  const [, command] = /`npx @modelcontextprotocol\/inspector (--cli [^`]*)`/.exec(pageText("agents-mcp.md")) ?? [];
  if (command === undefined) throw new Error("The page has no command of the Inspector.");
  const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? "");
  return words.map((word) => word.replace(/^URL$/, mcp).replace("$BERTH_ROLLOUT_KEY", key));
}

/** What the page's configuration makes of a client that fills in variables of its environment, as most do. */
async function withDocumentedConfig<T>({ mcp, key }: AgentsRollout, work: (file: string) => Promise<T>): Promise<T> {
  const [config] = examplesOfPage("agents-mcp.md", "json");
  if (config === undefined) throw new Error("The page has no configuration.");
  const folder = await mkdtemp(join(tmpdir(), "berth-inspector-"));
  try {
    const file = join(folder, "mcp.json");
    await writeFile(file, config.replace(/"url": "[^"]*"/, `"url": "${mcp}"`).replace("${BERTH_ROLLOUT_KEY}", key));
    return await work(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export const inspectorCases: readonly AgentCase[] = [
  {
    client,
    feature: "lists the tools by the command of docs/agents-mcp.md",
    expected: "shell, read_file",
    async run(berth) {
      const rollout = await berth.rollout({ tools: ["shell", "read_file"] });
      return namesIn(await inspector(documentedCommand(rollout)));
    },
  },
  {
    client,
    feature: "lists the tools by the configuration of docs/agents-mcp.md",
    expected: "shell, read_file",
    async run(berth) {
      const rollout = await berth.rollout({ tools: ["shell", "read_file"] });
      return await withDocumentedConfig(rollout, async (file) =>
        namesIn(await inspector(["--cli", "--config", file, "--server", "berth", "--method", "tools/list"])),
      );
    },
  },
  {
    client,
    feature: "lists the tools, whose schemas are portable (--strict)",
    expected: "shell, read_file",
    async run(berth) {
      const rollout = await berth.rollout({ tools: ["shell", "read_file"] });
      return namesIn(await inspect(rollout, "--method", "tools/list", "--strict"));
    },
  },
  {
    client,
    feature: "uses a tool",
    expected: "false: hello",
    async run(berth) {
      const use = ["--method", "tools/call", "--tool-name", "shell", "--tool-arg", "command=echo hello"];
      const { isError, content } = await inspect(await berth.rollout(), ...use);
      return `${isError}: ${content?.[0]?.text.trim()}`;
    },
  },
];
