import { z } from "zod";
import { customTool } from "./custom-tool.ts";
import { egressRule } from "./egress.ts";
import { graderSpec } from "./grader.ts";
import { rewardRule } from "./graders/reward.ts";
import { resources } from "./resources.ts";
import { toolServer } from "./tool-server.ts";

export const environmentName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,127}$/i, { error: "must be letters, digits, '.', '_' or '-', at most 128 of them" });

export const repository = z.strictObject({
  /** https, ssh, scp-like (`git@host:path`) or file URL, or an absolute local path. */
  url: z.string().min(1).max(2048),
  /** A full commit id: branches and tags move, and a snapshot must not. */
  commit: z
    .string()
    .regex(/^[0-9a-f]{40}$|^[0-9a-f]{64}$/, { error: "must be a full commit id of 40 or 64 hex digits" }),
  /** What of the history the sandbox sees: nothing, or the ancestors of the commit. Never anything later. */
  history: z.enum(["none", "ancestors"]).default("none"),
});

export const budget = z.strictObject({
  tool_calls: z.number().int().min(1).max(100_000).default(200),
  wall_seconds: z.number().int().min(1).max(604_800).default(3600),
  idle_seconds: z.number().int().min(1).max(604_800).default(900),
  grading_seconds: z.number().int().min(1).max(86_400).default(600),
});

/** How the project is tested, linted and formatted: shell commands of the tools run_tests, run_lint and format, run as the tool user. */
export const projectCommands = z.strictObject({
  test: z.string().min(1).max(16_384).optional(),
  lint: z.string().min(1).max(16_384).optional(),
  format: z.string().min(1).max(16_384).optional(),
});

export const environment = z.strictObject({
  name: environmentName,
  /** `host`, a folder in images/, an absolute path to a root file system, or an image reference. */
  image: z.string().min(1).max(512).default("host"),
  /** Without a repository the workspace starts empty. */
  repo: repository.optional(),
  workdir: z
    .string()
    .regex(/^\/[A-Za-z0-9._/-]*[A-Za-z0-9._-]$/, { error: "must be an absolute path" })
    .refine((path) => !path.split("/").includes(".."), { error: "must not contain .." })
    .default("/workspace"),
  /** Shell commands, run once in order as root in the image while the snapshot is built. */
  setup: z.array(z.string().min(1).max(65_536)).max(100).default([]),
  setup_network: z.boolean().default(true),
  setup_seconds: z.number().int().min(1).max(86_400).default(1800),
  /** Added to the environment of every command in setup, tools and graders. */
  env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string().max(32_768)).default({}),
  profile: z
    .string()
    .regex(/^[a-z0-9-]+$/)
    .default("standard"),
  resources: resources.prefault({}),
  /** Sandboxes that wait started, at least, besides those that recent demand calls for. */
  warm: z.number().int().min(0).max(10_000).default(0),
  /** What the egress proxy lets through besides what the profile allows; only under a profile with `network: egress`. */
  egress: z.array(egressRule).max(1000).default([]),
  /** Tool names; absent means every tool that Berth comes with. Those of `custom_tools` and `tool_servers` are offered in any case. */
  tools: z.array(z.string().min(1).max(64)).min(1).max(100).optional(),
  custom_tools: z.array(customTool).max(100).default([]),
  tool_servers: z.array(toolServer).max(10).default([]),
  commands: projectCommands.prefault({}),
  budget: budget.prefault({}),
  graders: z.array(graderSpec).max(20).default([]),
  reward: rewardRule.optional(),
});

export type Environment = z.infer<typeof environment>;
export type EnvironmentInput = z.input<typeof environment>;
export type Repository = z.infer<typeof repository>;
