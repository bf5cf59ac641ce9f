import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { examplesOfPage } from "../../support/examples-of-page.ts";
import type { AgentCase } from "../agent-case.ts";
import { runClient, versionOf } from "../client-program.ts";
import { called, ResponsesEndpoint, said, type ModelRequest } from "../../support/responses-endpoint.ts";
import type { AgentsRollout, RunningBerth } from "../running-berth.ts";

/** The configuration that the page gives its readers, for one rollout. */
function documentedConfig(mcp: string): string {
  const [toml] = examplesOfPage("agents-codex.md", "toml");
  if (toml === undefined) throw new Error("The page has no configuration.");
  return toml.replace(/^ *url = .*$/m, `url = "${mcp}"`);
}

const standIn = (baseUrl: string): string => `model = "stand-in"
model_provider = "stand-in"

[model_providers.stand-in]
name = "stand-in"
base_url = "${baseUrl}"
wire_api = "responses"
`;

/** Settings outside tables come first in TOML. */
const joined = (top: string, config: string): string => `${top}\n${config}`;

/** Where Codex puts the tools of an MCP server: beside its own, or in a namespace. */
function toolIn({ tools = [] }: ModelRequest, name: string): readonly [name: string, namespace: string | undefined] {
  for (const tool of tools) {
    if (tool["type"] === "namespace") {
      const inner = (tool["tools"] as { name: string }[]).find(
        (one) => one.name === name || one.name.endsWith(`__${name}`),
      );
      if (inner) return [inner.name, String(tool["name"])];
    } else if (String(tool["name"]).endsWith(`__${name}`)) return [String(tool["name"]), undefined];
  }
  throw new Error(`Codex shows its model no tool ${name}: ${JSON.stringify(tools).slice(0, 1_000)}`);
}

async function play(
  rollout: AgentsRollout,
): Promise<{ requests: readonly ModelRequest[]; stdout: string; stderr: string }> {
  await using endpoint = await ResponsesEndpoint.listen((request, turn) => {
    const use = (tool: string, args: object) => {
      const [name, namespace] = toolIn(request, tool);
      return called(`call_${turn}`, name, args, namespace);
    };
    if (turn === 0) return use("write_file", { path: "greeting.txt", content: "hello from codex\n" });
    if (turn === 1) return use("shell", { command: "cat greeting.txt; hostname; exit 3" });
    return said("done");
  });
  const home = await mkdtemp(join(tmpdir(), "berth-codex-"));
  try {
    const config = joined(standIn(endpoint.baseUrl), documentedConfig(rollout.mcp));
    await writeFile(join(home, "config.toml"), config);
    const args = ["exec", "--json", "--skip-git-repo-check", "--cd", home, "Greet."];
    const env = { CODEX_HOME: home, HOME: home, BERTH_ROLLOUT_KEY: rollout.key };
    const { stdout, stderr } = await runClient("codex", args, { env });
    return { requests: endpoint.requests, stdout, stderr };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

const client = versionOf("@openai/codex");

export const codexCases: readonly AgentCase[] = [
  {
    client,
    feature: "works in a rollout by the configuration of docs/agents-codex.md",
    expected: "write_file done, shell done; its model read the file and the exit code 3",
    async run(berth: RunningBerth) {
      const rollout = await berth.rollout();
      const { requests, stdout, stderr } = await play(rollout);
      const used = (await rollout.used()).map(({ tool, state }) => `${tool} ${state}`).join(", ");
      const shown = JSON.stringify(requests.at(-1)?.input ?? []);
      const isShown = shown.includes("hello from codex") && /exit(?:ed with)? code:? 3|exited 3/i.test(shown);
      if (used === "" || !isShown)
        return `${used || "no call"}; ${stdout.slice(-1_500)} ${stderr.slice(-500)} ${shown.slice(-1_500)}`;
      return `${used}; its model read the file and the exit code 3`;
    },
  },
];
