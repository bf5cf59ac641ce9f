import { runCli } from "../../src/cli/run.ts";
import { processTerminal } from "../../src/cli/terminal.ts";
import { createMetrics } from "../../src/http/metrics/metrics.ts";
import { RolloutKeys } from "../../src/http/rollout-keys.ts";
import { echoTool } from "./http-app.ts";
import { scriptedService } from "./scripted-service.ts";

// The program of serve.test.ts: `berth` on a scripted service that says when it is drained.
const service = scriptedService({
  list: async () => [],
  drain: async (graceMs) => void process.stdout.write(`drained ${graceMs}\n`),
});

process.exitCode = await runCli({
  args: process.argv.slice(2),
  env: process.env,
  terminal: processTerminal(process.env),
  version: "0.0.0",
  compose: async (config, log) => ({
    service,
    tools: [echoTool],
    config,
    log,
    provider: "memory",
    metrics: createMetrics({ tools: [echoTool.name] }),
    rolloutKeys: new RolloutKeys("a-secret-for-tests"),
    readiness: {},
    leaks: async () => [],
    listensOn: async () => {},
    sweep: async () => [],
    evict: async () => [],
    removeOldRecords: async () => [],
    snapshots: async () => [],
    audit: async () => [],
    images: async () => [],
    buildFolder: async () => {},
    buildImage: async (name) => ({ name, digest: null, built_at: null }),
    close: async () => void process.stdout.write("closed\n"),
  }),
});
