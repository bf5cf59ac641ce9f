import { writeFileSync } from "node:fs";
import { runCli } from "../../src/cli/run.ts";
import { processTerminal } from "../../src/cli/terminal.ts";
import { processEnvironment } from "../../src/config/process-environment.ts";
import { compose } from "../../src/compose.ts";
import { startFarm } from "./farm.ts";
import { cluster } from "./measured.ts";
import { simulatedCluster } from "./simulated-cluster.ts";

/** The product's controller with the provider exchanged. Its writes are told in the file that the environment names, when it ends. */
const env = processEnvironment();
const simulated = simulatedCluster({
  farm: await startFarm(),
  constants: cluster,
  writesPerSecond: Number(env["SCALE_WRITES_PER_SECOND"]),
});
process.on("exit", () => {
  const file = env["SCALE_COUNTS"];
  if (file) writeFileSync(file, JSON.stringify({ writes: simulated.writes() }));
});

process.exitCode = await runCli({
  args: process.argv.slice(2),
  terminal: processTerminal(env),
  env,
  version: "0.0.0",
  compose: (config, log, options) => compose(config, log, { ...options, provider: simulated }),
});
