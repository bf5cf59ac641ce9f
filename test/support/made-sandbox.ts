import type { Probe } from "../../src/guest/probe.ts";
import { profile, type Profile } from "../../src/model/profile.ts";
import { guestCapabilities, guestPids, type SandboxSpec } from "../../src/provider/provider.ts";
import { nothingObserved, type MountedPath, type Observation } from "../../src/provider/observation.ts";
import type { Made } from "../../src/sandbox/drift.ts";

const megabyte = 1024 * 1024;

const kernel = (target: string, type: string, readOnly = false, root = "/"): MountedPath => ({
  target,
  root,
  type,
  readOnly,
});

const mounts: readonly MountedPath[] = [
  kernel("/", "overlay"),
  kernel("/proc", "proc"),
  kernel("/dev", "tmpfs"),
  kernel("/dev/pts", "devpts"),
  kernel("/dev/mqueue", "mqueue"),
  kernel("/sys", "sysfs", true),
  kernel("/usr", "ext4", true, "/usr"),
  kernel("/.berth/guest", "ext4", true, "/opt/berth/guest"),
  kernel("/proc/keys", "tmpfs", false, "/null"),
  kernel("/proc/sys", "proc", true, "/sys"),
];

/** A sandbox that is what its profile promises, as oci reads one back on Linux. */
export function madeSandbox(change: Partial<Profile> = {}): Made {
  const spec: SandboxSpec = {
    id: "a1",
    labels: { owner: "me", purpose: "rollout-1", incarnation: "i1" },
    base: { kind: "snapshot", key: "0".repeat(64) },
    profile: {
      ...profile.parse({
        name: "standard",
        description: "d",
        seccomp: "standard",
        user_namespace: "required",
        masked_paths: ["/proc/keys", "/proc/kcore"],
        read_only_paths: ["/proc/sys"],
      }),
      ...change,
    },
    resources: { cpus: 0.5, memory_mb: 1024, pids: 256, disk_mb: 64, inodes: 5000 },
    workdir: "/workspace",
    expiresAtMs: 0,
  };
  const outside: Observation = {
    ...nothingObserved,
    runtime: "runc",
    capabilities: guestCapabilities,
    noNewPrivileges: true,
    seccomp: 2,
    hostNamespaces: [],
    rootIsHostRoot: false,
    memoryBytes: 1024 * megabyte,
    memoryAndSwapBytes: 1024 * megabyte,
    pids: 256 + guestPids,
    cpus: 0.5,
    openFiles: 16_384,
    disk: { bytes: 62 * megabyte, inodes: 4992 },
    network: "none",
    maskedPaths: ["/proc/keys"],
    readOnlyPaths: ["/sys", "/usr", "/.berth/guest", "/proc/sys"],
    mounts,
  };
  const inside: Probe = {
    uids: [1000, 1000, 1000],
    gids: [1000, 1000, 1000],
    groups: [0x40000000],
    capabilities: { inheritable: [], permitted: [], effective: [], bounding: [], ambient: [] },
    noNewPrivileges: true,
    seccomp: 2,
    limits: { openFiles: 16_384, coreBytes: 0, processes: null },
    calls: new Map([
      ["unshare_user", "EPERM"],
      ["clone3", "ENOSYS"],
      ["kill_guest", "EPERM"],
    ]),
    maskedPaths: new Map([
      ["/proc/keys", "closed"],
      ["/proc/kcore", "absent"],
    ]),
    readOnlyPaths: new Map([["/proc/sys", "closed"]]),
    mounts,
    devices: [{ path: "/dev/null", block: false, major: 1, minor: 3 }],
    interfaces: [],
    disks: [{ path: "/", bytes: 62 * megabyte, inodes: 4992 }],
    guest: { pid: 1, uid: 0, opened: [] },
  };
  return { spec, able: new Set(), outside, inside };
}
