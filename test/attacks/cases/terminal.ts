import { systemClock } from "../../../src/core/clock.ts";
import { printable } from "../../../src/cli/printable.ts";
import type { ToolOutput } from "../../../src/model/tool-call.ts";
import type { RolloutEvent } from "../../../src/model/trajectory.ts";
import { runTool } from "../../../src/tool/run-tool.ts";
import { shell } from "../../../src/tool/shell/shell.ts";
import { listeningController } from "../../support/cli.ts";
import { aResult, aRollout, rolloutId } from "../../support/scripted-service.ts";
import type { Arena } from "../arena.ts";
import { reachedIf, type Attack, type Reached } from "../attack.ts";

const at = "2026-01-02T03:04:05.678Z";

/** Text as a sandbox's command printed it, through the shell tool. */
async function saidInside(arena: Arena, text: string): Promise<ToolOutput> {
  const { guest } = await arena.sandbox();
  await guest.write("said", Buffer.from(text));
  const context = {
    guest,
    callId: "call",
    workdir: arena.workdir,
    env: {},
    commands: {},
    index: async () => undefined,
    clock: systemClock,
    mostMs: 20_000,
    signal: AbortSignal.timeout(20_000),
  };
  return runTool(shell, context, shell.arguments.parse({ command: "cat said; cat said >&2" }));
}

/** All that a person sees of it who looks at the rollout in a terminal, in every view; `raw` is what programs get. */
async function shown(arena: Arena, output: ToolOutput): Promise<{ seen: string; raw: string }> {
  const text = output.stdout?.head ?? "";
  if (!arena.has("printable_output")) return { seen: output.output, raw: text };
  const error = { code: "setup_failed", cause: "task", message: text, remedy: text, retryable: false } as const;
  const part = { name: text, type: "tests", reward: 0, summary: text, evidence: {} };
  const record = {
    seq: 0,
    call_id: "c",
    tool: "shell",
    effect: "write" as const,
    arguments: { command: text },
    state: "done" as const,
    result: output,
    started_at: at,
    duration_ms: 1,
  };
  const events = async function* (): AsyncGenerator<RolloutEvent> {
    yield { type: "progress", at, phase: "setup", message: text };
  };
  await using controller = await listeningController({
    callTool: async (_id, tool) =>
      tool === "shell"
        ? aResult(output)
        : aResult({ tool, output: text, error: { ...error, code: "not_text", cause: "policy" } }),
    get: async () => aRollout({ status: "failed", error, labels: { said: text }, environment: text }),
    list: async () => [aRollout({ group: text, environment: text })],
    trajectory: async () => ({
      rollout_id: rolloutId,
      records: [record],
      egress: { allowed: 0, denied: 0, denials: [] },
    }),
    grade: async () => ({ status: "scored", reward: 0, parts: [part], flags: [text], duration_ms: 1 }),
    events,
  });
  const views = [
    ["exec", rolloutId, "--", "x"],
    ["exec", rolloutId, "--tool", "read_file", "--args", "{}"],
    ["show", rolloutId, "--trajectory"],
    ["grade", rolloutId],
    ["ls"],
    ["events", rolloutId],
  ];
  let seen = "";
  for (const view of views) {
    const { stdout, stderr } = await controller.berth("rollout", ...view);
    seen += `${stdout}\n${stderr}\n`;
  }
  const json = await controller.berth("rollout", "exec", rolloutId, "--json", "--", "x");
  return { seen, raw: (json.json() as ToolOutput).stdout?.head ?? "" };
}

/** Reached when something of the text that `acts` finds comes to a terminal, or when programs do not get it as it was. */
const acts =
  (text: string, pattern: RegExp) =>
  async (arena: Arena): Promise<Reached> => {
    const { seen, raw } = await shown(arena, await saidInside(arena, text));
    if (!seen.includes("begin") || raw !== text) throw new Error(`not what was said: ${JSON.stringify(raw)}`);
    const found = pattern.exec(seen)?.[0];
    return reachedIf(found !== undefined, JSON.stringify(found ?? seen.slice(0, 100)));
  };

export const terminal: readonly Attack[] = [
  {
    id: "terminal/escape-sequences",
    title: "Output clears the screen, writes the clipboard, hides a link and asks the terminal to type",
    defences: ["printable_output"],
    attempt: acts(
      "begin\u001b[2J\u001b[1;31m\u001b]52;c;ZXZpbA==\u0007\u001b]8;;https://evil.example\u001b\\click\u001b]8;;\u001b\\\u001bP+q544e\u001b\\\u001b[6n\u001bc\u001b]0;title\n",
      // oxlint-disable-next-line no-control-regex
      /[\u0000-\u0008\u000b-\u001f\u007f]/,
    ),
  },
  {
    id: "terminal/one-byte-controls",
    title: "The same with the control characters of one byte, and sequences that never end",
    defences: ["printable_output"],
    attempt: acts("begin\u009b2J\u009d52;c;ZXZpbA==\u009cx\u0090q\u009c\u0085\u008d\n\u009d0;never", /[\u0080-\u009f]/),
  },
  {
    id: "terminal/text-that-is-another",
    title: "Text reads otherwise than it is: reordered, with invisible characters, or with words hidden in them",
    defences: ["printable_output"],
    attempt: acts(
      "begin user\u202etxt.exe\u2066x\u2069 a\u200bb\u200dc\u2060d\ufeffe\u00adf\u3164g \u{e0041}\u{e0042} \u{e0101}\u{e0102} \u180e\u2028\ufff9\n",
      /[\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}]/u,
    ),
  },
  {
    id: "terminal/overwritten-lines",
    title: "What was printed is overwritten on its line: by carriage returns and backspaces",
    defences: ["printable_output"],
    // oxlint-disable-next-line no-control-regex
    attempt: acts("begin FAILED\rbegin passed\nFAILED\b\b\b\b\b\bpassed\n", /\r|\u0008/),
  },
  {
    id: "terminal/long-lines",
    title: "One line without end fills the screen of whoever lists rollouts",
    defences: ["printable_output"],
    attempt: async (arena) => {
      const output = await saidInside(arena, `begin ${"long ".repeat(6_000)}\n`);
      const { seen } = await shown(arena, output);
      // What a command printed is printed; tables and reports have lines of a screen.
      const lines = arena.has("printable_output")
        ? seen.split("\n").filter((line) => !line.startsWith("begin") && !line.includes(": begin"))
        : seen.split("\n");
      const longest = Math.max(...lines.map((line) => line.length));
      return reachedIf(longest > 1_000, `${longest} characters`);
    },
  },
  {
    id: "terminal/slow-to-clean",
    title: "Output that takes minutes to clean hangs whoever looks at it",
    defences: ["printable_output"],
    attempt: async (arena) => {
      const texts = ["\u009d", "\u001b]", "\u0090x", "\u001b[0", "\u001b[0;", "\u202e\u001b"].map((text) =>
        text.repeat(60_000),
      );
      // oxlint-disable-next-line no-control-regex
      const naive = (text: string) => text.slice(0, 60_000).replaceAll(/(?:\u001b\]|\u009d)[^\u0007]*\u0007/g, "");
      const startedAt = performance.now();
      for (const text of texts) (arena.has("printable_output") ? printable : naive)(text);
      const ms = Math.round(performance.now() - startedAt);
      return reachedIf(ms > 1_000, `${ms} ms`);
    },
  },
];
