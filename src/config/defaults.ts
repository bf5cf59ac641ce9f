import { existsSync } from "node:fs";
import { availableParallelism, homedir, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { isatty } from "node:tty";
import { kubernetesDefaults, type KubernetesMachine } from "./kubernetes-settings.ts";
import type { Config } from "./schema.ts";

/** The facts of a machine that the defaults depend on. */
export interface Machine extends KubernetesMachine {
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
  kubeconfig: env["KUBECONFIG"] || undefined,
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
  api_key_names: [],
  allow_anonymous_loopback: false,
  provider: "auto",
  runsc_platform: "auto",
  docker_host: machine.dockerHost ?? "/var/run/docker.sock",
  egress_private_hosts: [],
  item_template: "",
  item_images: [],
  item_repositories: [],
  guest_binary: join(machine.berthDir, "build", `berth-guest-${goArch[machine.arch] ?? machine.arch}`),
  profiles_dir: join(machine.berthDir, "sandbox-profiles"),
  images_dir: join(machine.berthDir, "images"),
  judge_base_url: "",
  judge_api_key: "",
  judge_model: "",
  judge_parallel: 8,
  judge_deadline_seconds: 120,
  judge_retries: 3,
  embeddings_base_url: "",
  embeddings_api_key: "",
  embeddings_model: "",
  embeddings_parallel: 4,
  embeddings_deadline_seconds: 60,
  embeddings_max_chunks: 20_000,
  max_rollouts: 1000,
  max_waiting: 1000,
  max_grading: 8 * machine.processors,
  max_starting: 2 * machine.processors,
  memory_floor_mb: Math.round(machine.memoryBytes / 1024 / 1024 / 20),
  pool_sandboxes: 32,
  snapshots_max_gb: 50,
  snapshots_max_age_days: 30,
  mirrors_max_gb: 50,
  mirrors_max_age_days: 90,
  retention_days: 0,
  audit_days: 365,
  tool_deadline_seconds: 600,
  drain_seconds: 30,
  max_body_bytes: 1_048_576,
  log_level: "info",
  log_pretty: machine.terminal,
  ...kubernetesDefaults(machine),
});

/** Where a default depends on the machine, what the documentation says of it. */
export const machineDefaults: Readonly<Partial<Record<keyof Config, string>>> = {
  data_dir: "`$XDG_DATA_HOME/berth`; without it `/var/lib/berth` as root, else `~/.local/share/berth`",
  docker_host: "`$DOCKER_HOST`, else `/var/run/docker.sock`",
  guest_binary: "`build/berth-guest-<amd64 or arm64>` beside Berth's sources",
  profiles_dir: "`sandbox-profiles` beside Berth's sources",
  images_dir: "`images` beside Berth's sources",
  kubernetes_kubeconfig: "`$KUBECONFIG`",
  log_pretty: "`true` at a terminal, else `false`",
  max_grading: "eight times the number of processors",
  max_starting: "twice the number of processors",
  memory_floor_mb: "a twentieth of the memory",
};
