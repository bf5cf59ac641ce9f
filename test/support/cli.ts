import type { Berth } from "../../src/cli/berth.ts";
import { runCli } from "../../src/cli/run.ts";
import { silentLogger } from "../../src/core/log.ts";
import { loadConfig } from "../../src/config/load.ts";
import { createMetrics } from "../../src/http/metrics/metrics.ts";
import { RolloutKeys } from "../../src/http/rollout-keys.ts";
import type { RolloutService } from "../../src/rollout/rollout-service.ts";
import { fakeTerminal } from "./fake-terminal.ts";
import { apiKey, echoTool, httpApp } from "./http-app.ts";
import { scriptedService } from "./scripted-service.ts";

export interface CliRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly json: () => ReturnType<typeof JSON.parse>;
}

/** Runs one command with what a composition would give it. */
export async function runCommand(
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; berth?: Partial<Berth> } = {},
): Promise<CliRun> {
  const terminal = fakeTerminal();
  const berth: Berth = {
    service: scriptedService(),
    listensOn: async () => {},
    tools: [echoTool],
    config: loadConfig({ env: {} }),
    log: silentLogger,
    provider: "memory",
    metrics: createMetrics({ tools: [echoTool.name], process: false }),
    rolloutKeys: new RolloutKeys("a-secret-for-tests"),
    readiness: {},
    leaks: async () => [],
    sweep: async () => [],
    evict: async () => [],
    removeOldRecords: async () => [],
    snapshots: async () => [],
    audit: async () => [],
    images: async () => [],
    buildImage: async (name) => ({ name, digest: "sha256:1", built_at: null }),
    buildFolder: async () => {},
    close: async () => {},
    ...options.berth,
  };
  const compose = async () => berth;
  const code = await runCli({ args, compose, terminal, env: options.env ?? {}, version: "0.0.0" });
  return {
    code,
    stdout: terminal.stdout(),
    stderr: terminal.stderr(),
    json: () => JSON.parse(terminal.stdout()) as never,
  };
}

/** A controller that listens, on a scripted service, and a way to run commands against it. */
export async function listeningController(service: Partial<RolloutService>) {
  const http = httpApp({ service });
  const url = await http.app.listen({ host: "127.0.0.1", port: 0 });
  return {
    url,
    service: http.service,
    berth: (...args: string[]) => runCommand(args, { env: { BERTH_URL: url, BERTH_API_KEY: apiKey } }),
    [Symbol.asyncDispose]: () => http.app.close(),
  };
}
