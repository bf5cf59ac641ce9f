import type { ContainerInspectInfo, HostConfig } from "dockerode";
import { linuxCapabilities } from "../../model/linux-capabilities.ts";
import { runtimes } from "../../model/profile.ts";
import { observeHostProcess } from "../host-process.ts";
import { nothingObserved, type Limit, type NamespaceName, type Observation } from "../observation.ts";

/** Fields of the daemon's answer that the client's types lack, or leave open. */
interface LooseFields {
  readonly CapAdd?: readonly string[] | null | undefined;
  readonly CapDrop?: readonly string[] | null | undefined;
  readonly SecurityOpt?: readonly string[] | null | undefined;
  readonly VolumesFrom?: readonly string[] | null | undefined;
  readonly Devices?: readonly { readonly PathOnHost: string }[] | null | undefined;
  readonly MaskedPaths?: readonly string[] | null | undefined;
  readonly ReadonlyPaths?: readonly string[] | null | undefined;
  readonly CgroupnsMode?: string | undefined;
}
type KeptConfig = Omit<HostConfig, keyof LooseFields> & LooseFields;

/**
 * A running container as the daemon keeps it, and where its first process can be seen from here, as this machine's kernel holds it,
 * which counts for more.
 */
export async function observeContainer(container: ContainerInspectInfo): Promise<Observation> {
  const kept = keptByDaemon(container.HostConfig);
  const seen = await observeHostProcess({
    pid: container.State.Pid,
    cgroup: container.Id,
    role: kept.runtime === "runsc" ? "sentry" : "guest",
  });
  const capabilities = container.HostConfig.Privileged ? kept.capabilities : (seen?.capabilities ?? kept.capabilities);
  return {
    ...nothingObserved,
    ...kept,
    ...withoutUnknown(seen ?? {}),
    runtime: kept.runtime,
    capabilities,
  };
}

/** Pure: `docker inspect`'s HostConfig → what it says. */
export function keptByDaemon(config: KeptConfig) {
  const options = config.SecurityOpt ?? [];
  const seccomp = options.find((option) => option.startsWith("seccomp="))?.slice("seccomp=".length);
  return {
    runtime: runtimes.find((name) => name === config.Runtime) ?? null,
    capabilities: capabilitiesOf(config),
    noNewPrivileges: options.some((option) => /^no-new-privileges(?:[:=]true)?$/.test(option)),
    // Without an option the daemon's own filter holds, which is not the profile's.
    seccomp: config.Privileged || seccomp === "unconfined" ? 0 : seccomp === undefined ? null : 2,
    hostNamespaces: hostNamespacesOf(config),
    memoryBytes: set(config.Memory),
    memoryAndSwapBytes: set(config.MemorySwap),
    pids: set(config.PidsLimit),
    cpus: cpusOf(config),
    openFiles: config.Ulimits?.find(({ Name }) => Name === "nofile")?.Hard ?? null,
    network: config.NetworkMode === "none" ? "none" : config.NetworkMode === "host" ? "host" : "own",
    maskedPaths: config.MaskedPaths ?? [],
    readOnlyPaths: config.ReadonlyPaths ?? [],
    hostPaths: [
      ...(config.Binds ?? []),
      ...(config.Mounts ?? []).filter(({ Type }) => Type === "bind").map(({ Source }) => Source),
      ...(config.VolumesFrom ?? []),
    ],
    devices: [
      ...(config.Devices ?? []).map(({ PathOnHost }) => PathOnHost),
      ...(config.DeviceRequests ?? []).map((request) => JSON.stringify(request)),
      ...(config.DeviceCgroupRules ?? []),
    ],
  } satisfies Partial<Observation>;
}

/** Null where it depends on the daemon which ones a container starts from. */
function capabilitiesOf({ Privileged, CapDrop, CapAdd }: KeptConfig): readonly string[] | null {
  const added = CapAdd ?? [];
  if (Privileged || added.includes("ALL")) return linuxCapabilities;
  if (!CapDrop?.includes("ALL")) return null;
  return added.map((name) => (name.startsWith("CAP_") ? name : `CAP_${name}`));
}

function hostNamespacesOf(config: KeptConfig): NamespaceName[] {
  const modes: readonly (readonly [NamespaceName, string | undefined])[] = [
    ["pid", config.PidMode],
    ["net", config.NetworkMode],
    ["ipc", config.IpcMode],
    ["uts", config.UTSMode],
    ["cgroup", config.CgroupnsMode],
    ["user", config.UsernsMode],
  ];
  return modes.filter(([, mode]) => mode === "host").map(([name]) => name);
}

/** 0 and -1 are the daemon's words for no limit. */
const set = (value: number | null | undefined): Limit => (value && value > 0 ? value : "none");

function cpusOf({ CpuQuota, CpuPeriod, NanoCpus }: KeptConfig): Limit {
  if (NanoCpus) return NanoCpus / 1e9;
  return CpuQuota && CpuQuota > 0 && CpuPeriod ? CpuQuota / CpuPeriod : "none";
}

const withoutUnknown = (seen: Partial<Observation>): Partial<Observation> =>
  Object.fromEntries(Object.entries(seen).filter(([, value]) => value !== null));
