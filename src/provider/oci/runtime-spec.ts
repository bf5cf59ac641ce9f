import { join } from "node:path";
import { guestArguments } from "../guest-arguments.ts";
import { guestCapabilities, type SandboxSpec } from "../provider.ts";
import type { SeccompFilter } from "../seccomp-filter.ts";
import type { IdRange } from "./records.ts";
import type { SpecDialect } from "./runtime.ts";
import { idMappings } from "./user-namespace.ts";

export interface RuntimeSpecInput {
  readonly spec: SandboxSpec;
  readonly dialect: SpecDialect;
  readonly rootfs: string;
  readonly guestBinary: string;
  readonly seccomp: SeccompFilter | undefined;
  readonly cgroupPath: string;
  readonly cgroupV2: boolean;
  /** Whether the kernel can account swap: then memory and swap together are limited to `memory_mb`. */
  readonly swapAccounting: boolean;
  /** Whether the root has a /tmp, which is kept with it. */
  readonly hasTmp: boolean;
  /** Host folders seen read-only at the same path inside. */
  readonly readOnlyBinds: readonly string[];
  /** Passed to the guest as fd 4. */
  readonly oomCounterPassed: boolean;
  /** RLIMIT_NOFILE; above the controller's own only a more privileged one could go. */
  readonly openFiles: number;
  readonly path: string;
  /** Undefined for the host's user namespace. */
  readonly ids: IdRange | undefined;
}

const CPU_PERIOD_US = 100_000;

const mounts = (input: RuntimeSpecInput) => [
  { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
  {
    destination: "/dev",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
  },
  {
    destination: "/dev/pts",
    type: "devpts",
    source: "devpts",
    options: [
      "nosuid",
      "noexec",
      "newinstance",
      "ptmxmode=0666",
      "mode=0620",
      "gid=5",
      // The machine has few in all (kernel.pty.max), and every sandbox takes from the same.
      `max=${input.spec.resources.pids}`,
    ],
  },
  {
    destination: "/dev/shm",
    type: "tmpfs",
    source: "shm",
    options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"],
  },
  { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
  ...(input.spec.profile.network === "host"
    ? [{ destination: "/sys", type: "none", source: "/sys", options: ["rbind", "nosuid", "noexec", "nodev", "ro"] }]
    : [{ destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] }]),
  ...(input.cgroupV2 && input.dialect.showsCgroup && input.spec.profile.network !== "host"
    ? [
        {
          destination: "/sys/fs/cgroup",
          type: "cgroup",
          source: "cgroup",
          options: ["nosuid", "noexec", "nodev", "relatime", "ro"],
        },
      ]
    : []),
  ...(input.dialect.coversTmp && input.hasTmp
    ? [{ destination: "/tmp", type: "bind", source: join(input.rootfs, "tmp"), options: ["bind", "nosuid", "nodev"] }]
    : []),
  ...input.readOnlyBinds.map((path) => ({
    destination: path,
    type: "bind",
    source: path,
    options: ["rbind", "ro", "nosuid", "nodev"],
  })),
  { destination: GUEST_PATH, type: "bind", source: input.guestBinary, options: ["bind", "ro", "nosuid", "nodev"] },
];

/** The tool user's home. */
const HOME = "/home/agent";

/** Where the guest's binary stands inside every sandbox. */
export const GUEST_PATH = "/.berth/guest";

/** SandboxSpec → the `config.json` of an OCI bundle. Pure. */
export function runtimeSpec(input: RuntimeSpecInput): Record<string, unknown> {
  const { profile, resources } = input.spec;
  const processes = input.dialect.processLimits(resources.pids);
  const memoryBytes = resources.memory_mb * 1024 * 1024;
  const capabilities = [...new Set([...guestCapabilities, ...profile.capabilities])].toSorted();
  const namespaces = ["pid", "ipc", "uts", "mount", "cgroup", ...(profile.network === "host" ? [] : ["network"])];
  if (input.ids) namespaces.push("user");
  return {
    ociVersion: "1.0.2",
    hostname: "berth",
    root: { path: input.rootfs, readonly: false },
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: [
        GUEST_PATH,
        ...guestArguments(
          input.spec,
          { listen: input.dialect.listen, home: HOME },
          input.oomCounterPassed ? ["--oom-events", "fd:4"] : [],
        ),
      ],
      env: [`PATH=${input.path}`],
      cwd: "/",
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      rlimits: [
        { type: "RLIMIT_NOFILE", hard: input.openFiles, soft: input.openFiles },
        { type: "RLIMIT_CORE", hard: 0, soft: 0 },
        ...(processes.user === undefined ? [] : [{ type: "RLIMIT_NPROC", hard: processes.user, soft: processes.user }]),
      ],
      noNewPrivileges: profile.no_new_privs,
    },
    mounts: mounts(input),
    linux: {
      namespaces: namespaces.map((type) => ({ type })),
      ...(input.ids ? idMappings(input.ids) : {}),
      cgroupsPath: input.cgroupPath,
      resources: {
        devices: [{ allow: false, access: "rwm" }],
        memory: { limit: memoryBytes, ...(input.swapAccounting ? { swap: memoryBytes } : {}) },
        cpu: { period: CPU_PERIOD_US, quota: Math.round(resources.cpus * CPU_PERIOD_US) },
        pids: { limit: processes.cgroup },
      },
      maskedPaths: profile.masked_paths,
      readonlyPaths: profile.read_only_paths,
      ...(input.seccomp ? { seccomp: input.dialect.seccomp(input.seccomp) } : {}),
    },
  };
}
