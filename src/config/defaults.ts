import { existsSync } from "node:fs";
import { availableParallelism, homedir, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { isatty } from "node:tty";
import type { Config } from "./schema.ts";

/** The facts of a machine that the defaults depend on. */
export interface Machine {
  readonly arch: string;
  readonly processors: number;
  readonly memoryBytes: number;
  readonly root: boolean;
  readonly home: string;
  readonly xdgDataHome: string | undefined;
  readonly dockerHost: string | undefined;
  readonly terminal: boolean;
  /** Where Berth itself lies: the folder of its package.json. */
  readonly berthDir: string;
}

/** Sources and compiled output lie at different depths below the package's folder. */
function packageDir(from: string): string {
  for (let dir = from; dir !== dirname(dir); dir = dirname(dir)) {
    if (existsSync(join(dir, "package.json"))) return dir;
  }
  return process.cwd();
}

export const thisMachine = (env: NodeJS.ProcessEnv): Machine => ({
  arch: process.arch,
  processors: availableParallelism(),
  memoryBytes: totalmem(),
  root: process.getuid?.() === 0,
  home: env["HOME"] ?? homedir(),
  xdgDataHome: env["XDG_DATA_HOME"] || undefined,
  dockerHost: env["DOCKER_HOST"] || undefined,
  terminal: isatty(process.stderr.fd),
  berthDir: packageDir(import.meta.dirname),
});

const goArch: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

function dataDir(machine: Machine): string {
  if (machine.xdgDataHome) return join(machine.xdgDataHome, "berth");
  return machine.root ? "/var/lib/berth" : join(machine.home, ".local/share/berth");
}

export const defaults = (machine: Machine): Config => ({
  data_dir: dataDir(machine),
  store_url: "",
  advertise_url: "",
  host: "127.0.0.1",
  port: 7420,
  api_keys: [],
  allow_anonymous_loopback: false,
  provider: "auto",
  runsc_platform: "auto",
  docker_host: machine.dockerHost ?? "/var/run/docker.sock",
  egress_private_hosts: [],
  guest_binary: join(machine.berthDir, "build", `berth-guest-${goArch[machine.arch] ?? machine.arch}`),
  profiles_dir: join(machine.berthDir, "sandbox-profiles"),
  images_dir: join(machine.berthDir, "images"),
  max_rollouts: 1000,
  max_starting: 2 * machine.processors,
  memory_floor_mb: Math.round(machine.memoryBytes / 1024 / 1024 / 20),
  pool_sandboxes: 32,
  snapshots_max_gb: 50,
  snapshots_max_age_days: 30,
  mirrors_max_gb: 50,
  mirrors_max_age_days: 90,
  retention_days: 0,
  tool_deadline_seconds: 600,
  drain_seconds: 30,
  max_body_bytes: 1_048_576,
  log_level: "info",
  log_pretty: machine.terminal,
});

/** Where a default depends on the machine, what the documentation says of it. */
export const machineDefaults: Readonly<Partial<Record<keyof Config, string>>> = {
  data_dir: "`$XDG_DATA_HOME/berth`; without it `/var/lib/berth` as root, else `~/.local/share/berth`",
  docker_host: "`$DOCKER_HOST`, else `/var/run/docker.sock`",
  guest_binary: "`build/berth-guest-<amd64 or arm64>` beside Berth's sources",
  profiles_dir: "`sandbox-profiles` beside Berth's sources",
  images_dir: "`images` beside Berth's sources",
  log_pretty: "`true` at a terminal, else `false`",
  max_starting: "twice the number of processors",
  memory_floor_mb: "a twentieth of the memory",
};
