#!/usr/bin/env node
import { readFileSync } from "node:fs";
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
  compose: async (...args) => (await import("./compose.ts")).compose(...args),
});
