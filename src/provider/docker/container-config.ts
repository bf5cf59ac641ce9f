import type { ContainerCreateOptions, HostConfig, MountSettings } from "dockerode";
import { guestArguments } from "../guest-arguments.ts";
import { gvisorProcessLimits } from "../gvisor.ts";
import { guestCapabilities, guestPids, type SandboxSpec } from "../provider.ts";
import {
  containerName,
  guestAddress,
  guestDirectory,
  guestPath,
  label,
  sandboxLabels,
  stateDirectory,
} from "./names.ts";

const toolHome = "/home/agent";
const megabyte = 1024 * 1024;
/** Shared memory outlives the process that filled it, so it gets a part of the memory only: the rest is freed by a kill. */
const maxSharedMemoryMb = 64;
const sharedMemoryPart = 1 / 4;
const cpuPeriodMicroseconds = 100_000;

/** What a container is made from besides its spec. */
export interface ContainerParts {
  /** An image reference or an image id. */
  readonly image: string;
  /** The volume that holds the guest's binary. */
  readonly guestVolume: string;
  /** The text of the seccomp profile; undefined stands for `unconfined`. */
  readonly seccomp: string | undefined;
  readonly cgroupVersion: 1 | 2;
}

function volume(name: string, target: string, readOnly: boolean, labels: Record<string, string>): MountSettings {
  return {
    Type: "volume",
    Source: name,
    Target: target,
    ReadOnly: readOnly,
    VolumeOptions: { NoCopy: true, Labels: labels, DriverConfig: { Name: "local", Options: {} } },
  };
}

function hostConfig(spec: SandboxSpec, parts: ContainerParts): HostConfig {
  const { profile, resources } = spec;
  const memoryBytes = resources.memory_mb * megabyte;
  const processes =
    profile.runtime === "runsc"
      ? gvisorProcessLimits(resources.pids)
      : { cgroup: resources.pids + guestPids, user: undefined };
  return {
    NetworkMode: profile.network === "host" ? "bridge" : "none",
    CapDrop: ["ALL"],
    CapAdd: [...new Set([...guestCapabilities, ...profile.capabilities])],
    SecurityOpt: [`no-new-privileges:${profile.no_new_privs}`, `seccomp=${parts.seccomp ?? "unconfined"}`],
    Privileged: false,
    MaskedPaths: profile.masked_paths,
    ReadonlyPaths: profile.read_only_paths,
    IpcMode: "private",
    // A System V segment that no process uses any more is freed too.
    Sysctls: { "kernel.shm_rmid_forced": "1" },
    ShmSize: Math.floor(Math.min(maxSharedMemoryMb, resources.memory_mb * sharedMemoryPart) * megabyte),
    // Docker's own field name for it, which the client's types lack.
    ...(parts.cgroupVersion === 2 ? { CgroupnsMode: "private" } : {}),
    Runtime: profile.runtime,
    Memory: memoryBytes,
    // Equal to Memory: no swap.
    MemorySwap: memoryBytes,
    PidsLimit: processes.cgroup,
    // Not NanoCpus, which the daemon refuses above the machine's own count.
    CpuPeriod: cpuPeriodMicroseconds,
    CpuQuota: Math.round(resources.cpus * cpuPeriodMicroseconds),
    Ulimits: [
      { Name: "nofile", Soft: profile.limits.open_files, Hard: profile.limits.open_files },
      { Name: "core", Soft: 0, Hard: 0 },
      ...(processes.user === undefined ? [] : [{ Name: "nproc", Soft: processes.user, Hard: processes.user }]),
    ],
    LogConfig: { Type: "none", Config: {} },
    Init: false,
    AutoRemove: false,
    RestartPolicy: { Name: "no" },
    PublishAllPorts: false,
    Mounts: [
      volume(parts.guestVolume, guestDirectory, true, {}),
      volume("", stateDirectory, false, sandboxLabels(spec.id, spec.labels, spec.expiresAtMs)),
    ],
  };
}

/** The container of a sandbox. Nothing that the image declares for itself (user, command, health check) is taken over. */
export function containerConfig(spec: SandboxSpec, parts: ContainerParts): ContainerCreateOptions {
  return {
    name: containerName(spec.id),
    Image: parts.image,
    Hostname: "berth",
    User: "0:0",
    WorkingDir: "/",
    Entrypoint: [guestPath],
    Cmd: guestArguments(spec, { listen: guestAddress, home: toolHome }),
    // Commands inherit the guest's environment: the image's, with the tool user's home. A name without a value is removed.
    Env: [`HOME=${toolHome}`, "HOSTNAME"],
    // An image's health check would run commands beside the guest.
    Healthcheck: { Test: ["NONE"] },
    Tty: false,
    OpenStdin: false,
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    Labels: {
      ...sandboxLabels(spec.id, spec.labels, spec.expiresAtMs),
      ...(spec.resources.disk_mb === undefined ? {} : { [label.disk]: String(spec.resources.disk_mb) }),
    },
    HostConfig: hostConfig(spec, parts),
  };
}
