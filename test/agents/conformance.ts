import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { BerthError } from "../../src/core/errors.ts";
import { defineTool } from "../../src/tool/tool.ts";
import { servedRollouts } from "../support/served-rollouts.ts";
import type { AgentRow } from "./agent-case.ts";
import { runClient, versionOf } from "./client-program.ts";

/** Tools that the suite's scenarios ask for by name. */
const suiteTools = [
  defineTool({
    name: "test_simple_text",
    description: "Says a sentence.",
    effect: "read",
    arguments: z.strictObject({}),
    run: async () => ({ output: "This is a simple text response for testing." }),
  }),
  defineTool({
    name: "test_error_handling",
    description: "Fails.",
    effect: "read",
    arguments: z.strictObject({}),
    run: async () => {
      throw new BerthError("permission_denied", "This tool intentionally returns an error for testing");
    },
  }),
];

const noPrompts = "a rollout has no prompts";
const noResources = "a rollout has no resources";
const onlyText = "what a tool gives is text";
const asksNobody = "a tool asks its client for nothing";
const noLogging = "the log is not the client's";

/** What the suite looks for that Berth does not offer, and does not say that it offers. */
const notOffered: Readonly<Record<string, string>> = {
  "logging-set-level": noLogging,
  "completion-complete": "nothing is there to complete",
  "tools-call-image": onlyText,
  "tools-call-audio": onlyText,
  "tools-call-embedded-resource": onlyText,
  "tools-call-mixed-content": onlyText,
  "tools-call-with-logging": noLogging,
  "tools-call-with-progress": "progress is the time that a call takes, not what its tool says",
  "tools-call-sampling": asksNobody,
  "tools-call-elicitation": asksNobody,
  "elicitation-sep1034-defaults": asksNobody,
  "elicitation-sep1330-enums": asksNobody,
  "resources-list": noResources,
  "resources-read-text": noResources,
  "resources-read-binary": noResources,
  "resources-templates-read": noResources,
  "resources-subscribe": noResources,
  "resources-unsubscribe": noResources,
  "prompts-list": noPrompts,
  "prompts-get-simple": noPrompts,
  "prompts-get-with-args": noPrompts,
  "prompts-get-embedded-resource": noPrompts,
  "prompts-get-with-image": noPrompts,
};

/** Each scenario of the official suite for servers. One that is not offered must fail: else it is offered, and this list is old. */
export async function conformanceRows(): Promise<AgentRow[]> {
  const client = versionOf("@modelcontextprotocol/conformance");
  await using berth = await servedRollouts({ tools: suiteTools });
  const { mcp, key } = await berth.rollout();
  const cwd = await mkdtemp(join(tmpdir(), "berth-conformance-"));
  const began = performance.now();
  const { stdout, stderr } = await runClient("conformance", ["server", "--url", `${mcp}?key=${key}`], { cwd });
  await rm(cwd, { recursive: true, force: true });
  const seconds = Math.round(performance.now() - began) / 1000;
  const scenarios = [...stdout.matchAll(/^[✓✗] (\S+): (\d+) passed, (\d+) failed$/gmu)];
  if (scenarios.length === 0)
    throw new Error(`The suite gave no summary: ${stderr.slice(-1_000)} ${stdout.slice(-1_000)}`);
  return scenarios.map(([, scenario = "", passed, failed]) => {
    const why = notOffered[scenario];
    const passes = failed === "0" && passed !== "0";
    const result = passes ? "passes" : why === undefined ? `${passed} passed, ${failed} failed` : `not offered: ${why}`;
    const expected = why === undefined ? "passes" : `not offered: ${why}`;
    const row = { case: `${client}: ${scenario}`, backend: "memory", result, expected, ok: result === expected };
    return { ...row, client, feature: scenario, seconds };
  });
}
