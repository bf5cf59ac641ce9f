#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runCli } from "./cli/run.ts";
import { processTerminal } from "./cli/terminal.ts";
import { processEnvironment } from "./config/process-environment.ts";

interface Package {
  readonly version: string;
}

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as Package;
const env = processEnvironment();

process.exitCode = await runCli({
  args: process.argv.slice(2),
  terminal: processTerminal(env),
  env,
  version,
  // Imported when a command needs it: asking a controller that runs elsewhere loads no backend.
  compose: async (...args) => {
    // V8 lets objects that die young take 128 MiB before it collects them. Those of a request are dead when it is answered: what
    // loading the program took for them is enough, and 2,000 sandboxes fit in 400 MiB.
    setFlagsFromString("--semi-space-growth-factor=1");
    return (await import("./compose.ts")).compose(...args);
  },
  examineCluster: async (config) => (await import("./backends.ts")).examineCluster(config),
});
