import { capabilitySets, type Probe } from "../guest/probe.ts";
import { gvisorProcessLimits } from "../provider/gvisor.ts";
import { guestCapabilities, guestPids, type CapabilityName, type SandboxSpec } from "../provider/provider.ts";
import type { Limit, NamespaceName, Observation, Promised } from "../provider/observation.ts";
import { mountsBeyond } from "./expected-mounts.ts";
import { isUnusual } from "./usual-devices.ts";

/** A sandbox that was made: what was asked, what holds it seen from outside, and what a tool finds inside. */
export interface Made {
  readonly spec: SandboxSpec;
  /** What the provider can enforce under the profile's runtime. */
  readonly able: ReadonlySet<CapabilityName>;
  readonly outside: Observation;
  readonly inside: Probe;
}

/** Sentences about what differs, none when the promise is kept; null when it cannot be told from there. */
type Finding = readonly string[] | null;

interface Check {
  /** Whether this profile makes the promise; left out, every profile does. */
  readonly made?: (made: Made) => boolean;
  readonly outside?: (made: Made) => Finding;
  readonly inside?: (made: Made) => Finding;
}

const bytesPerMegabyte = 1024 * 1024;

/**
 * Everything in which a sandbox is not what its profile promises, as `promise: difference`; empty for one that is. A promise that
 * neither side can confirm is a difference too, unless the provider has declared why nobody can.
 */
export function differences(made: Made): string[] {
  return (Object.entries(promises) as [Promised, Check][]).flatMap(([name, check]) => {
    if (check.made?.(made) === false) return [];
    const findings = [check.outside?.(made) ?? null, check.inside?.(made) ?? null].filter((found) => found !== null);
    if (findings.length === 0)
      return made.outside.unknowable[name] === undefined ? [`${name}: nothing shows that it is kept`] : [];
    return [...new Set(findings.flat())].map((difference) => `${name}: ${difference}`);
  });
}

const promises: Readonly<Record<Promised, Check>> = {
  runtime: {
    outside: ({ spec, outside: { runtime } }) => same(runtime, spec.profile.runtime, (name) => name),
  },
  "guest's capabilities": {
    outside: ({ spec, outside: { capabilities } }) => beyond(capabilities, grantedTo(spec)),
    inside: ({ spec, inside: { guest } }) => guest.capabilities && ofAnySet(guest.capabilities, grantedTo(spec)),
  },
  "tools' capabilities": {
    inside: ({ spec, inside: { capabilities } }) =>
      capabilities &&
      capabilitySets.flatMap((set) =>
        // Where the guest may run commands as root it keeps its bounding set, and tools inherit that.
        list(beyond(capabilities[set], set === "bounding" && spec.profile.root_commands ? grantedTo(spec) : []), set),
      ),
  },
  no_new_privs: {
    outside: ({ spec, outside }) => (spec.profile.no_new_privs ? same(outside.noNewPrivileges, true, onOff) : null),
    // Tools have it whatever the profile says.
    inside: ({ inside }) => same(inside.noNewPrivileges, true, onOff),
  },
  seccomp: {
    made: ({ spec: { profile } }) => profile.seccomp !== "unconfined",
    outside: ({ outside }) => same(outside.seccomp, 2, seccompMode),
    // Under gVisor the filter is around the sandbox's kernel.
    inside: ({ spec, inside }) => (spec.profile.runtime === "runsc" ? null : same(inside.seccomp, 2, seccompMode)),
  },
  "system calls": {
    inside: ({ spec, inside: { calls } }) => {
      if (calls.size === 0) return null;
      // What is not filtered may be answered by any kernel.
      const filtered = spec.profile.seccomp !== "unconfined";
      return [...calls]
        .filter(([name, result]) => !refusals.has(result) && (filtered || name.endsWith("_guest")))
        .map(([name, result]) => `${name} asked refused, got ${result}`);
    },
  },
  namespaces: {
    outside: ({ spec, outside: { hostNamespaces } }) => {
      // gVisor's processes have namespaces of its own kernel; these are about what that kernel itself may reach.
      const own: readonly NamespaceName[] = spec.profile.runtime === "runsc" ? ["mnt"] : ["pid", "mnt", "ipc", "uts"];
      const needed = spec.profile.network === "host" ? own : [...own, "net" as const];
      return (
        hostNamespaces && needed.filter((name) => hostNamespaces.includes(name)).map((name) => `${name} is the host's`)
      );
    },
  },
  "user namespace": {
    made: ({ spec: { profile }, able }) =>
      profile.user_namespace === "required" ||
      (profile.user_namespace === "where_possible" && able.has("user_namespace")),
    outside: ({ outside }) =>
      same(outside.rootIsHostRoot, false, (yes) => (yes ? "root is the host's" : "another root")),
  },
  "memory limit": {
    outside: ({ spec, outside }) => atMost(outside.memoryBytes, spec.resources.memory_mb * bytesPerMegabyte, megabytes),
  },
  "swap limit": {
    outside: ({ spec, outside }) =>
      atMost(outside.memoryAndSwapBytes, spec.resources.memory_mb * bytesPerMegabyte, megabytes),
  },
  "process limit": {
    outside: ({ spec: { profile, resources }, outside }) =>
      atMost(
        outside.pids,
        profile.runtime === "runsc" ? gvisorProcessLimits(resources.pids).cgroup : resources.pids + guestPids,
      ),
    // The cgroup counts the threads of gVisor's kernel; that counts the tool user's processes.
    inside: ({ spec: { profile, resources }, inside }) =>
      profile.runtime === "runsc"
        ? atMost(inside.limits.processes ?? "none", gvisorProcessLimits(resources.pids).user)
        : null,
  },
  "CPU limit": {
    // The kernel counts in microseconds of a tenth of a second.
    outside: ({ spec, outside }) => atMost(outside.cpus, Math.round(spec.resources.cpus * 1e5) / 1e5),
  },
  "open files": {
    outside: ({ spec, outside }) => atMost(outside.openFiles, spec.profile.limits.open_files),
    inside: ({ spec, inside }) => atMost(inside.limits.openFiles ?? "none", spec.profile.limits.open_files),
  },
  "core dumps": {
    inside: ({ inside }) => atMost(inside.limits.coreBytes ?? "none", 0),
  },
  "disk limit": {
    made: ({ spec: { resources } }) => resources.disk_mb !== undefined,
    outside: ({ spec, outside: { disk } }) =>
      disk && atMost(disk.bytes, (spec.resources.disk_mb ?? 0) * bytesPerMegabyte, megabytes),
    inside: ({ spec, inside: { disks } }) =>
      disks.every(({ bytes }) => bytes === null)
        ? null
        : disks.flatMap(({ path, bytes }) =>
            list(atMost(bytes, (spec.resources.disk_mb ?? 0) * bytesPerMegabyte, megabytes), path),
          ),
  },
  "inode limit": {
    made: ({ spec: { resources } }) => resources.inodes !== undefined,
    outside: ({ spec, outside: { disk } }) => disk && inodesWithin(disk.inodes, spec),
    inside: ({ spec, inside: { disks } }) =>
      disks.every(({ bytes }) => bytes === null)
        ? null
        : disks.flatMap(({ path, inodes }) => list(inodesWithin(inodes, spec), path)),
  },
  network: {
    made: ({ spec: { profile } }) => profile.network !== "host",
    outside: ({ outside }) => same(outside.network, "none", (network) => network),
    inside: ({ inside }) => inside.interfaces.map((name) => `none asked, there is ${name}`),
  },
  "masked paths": {
    outside: ({ spec, outside, inside }) =>
      outside.maskedPaths && uncovered(spec.profile.masked_paths, outside.maskedPaths, inside.maskedPaths),
    inside: ({ spec, inside }) => opened(spec.profile.masked_paths, inside.maskedPaths, "read"),
  },
  "read-only paths": {
    outside: ({ spec, outside, inside }) =>
      outside.readOnlyPaths && uncovered(spec.profile.read_only_paths, outside.readOnlyPaths, inside.readOnlyPaths),
    inside: ({ spec, inside }) => opened(spec.profile.read_only_paths, inside.readOnlyPaths, "written"),
  },
  mounts: {
    outside: ({ spec, outside: { mounts, hostPaths } }) => {
      if (mounts === null && hostPaths === null) return null;
      const bound = (hostPaths ?? []).map((path) => `none of the host's paths asked, ${path} is mounted`);
      return [...bound, ...mountsBeyond(spec, mounts ?? [])];
    },
    inside: ({ spec, inside }) => mountsBeyond(spec, inside.mounts),
  },
  devices: {
    outside: ({ outside: { devices } }) => devices && devices.map((device) => `none asked, ${device} is passed`),
    inside: ({ spec, inside }) =>
      inside.devices
        .filter((device) => isUnusual(device, spec.profile.runtime))
        .map(({ path }) => `none asked, there is ${path}`),
  },
  "tool user": {
    inside: ({ spec: { profile }, inside: { uids, gids, groups } }) => {
      const user = profile.user;
      return [
        ...uids.filter((uid) => uid !== user.uid).map((uid) => `uid ${user.uid} asked, got ${uid}`),
        ...gids.filter((gid) => gid !== user.gid).map((gid) => `gid ${user.gid} asked, got ${gid}`),
        // Each call has one group of its own, above all that images use.
        ...groups.filter((gid) => gid < firstCallGroup).map((gid) => `it is in the group ${gid}`),
      ];
    },
  },
  guest: {
    inside: ({ spec, able, inside: { guest } }) => [
      ...(guest.uid === spec.profile.user.uid ? ["it runs as the tool user"] : []),
      ...guest.opened
        .filter((file) => able.has("guest_hidden") || !shownToAll.has(file))
        .map((file) => `tools can look into its ${file}`),
    ],
  },
};

/** Of a guest that its kernel does not hide: nothing that it holds, only what it was started with and what it has open. */
const shownToAll: ReadonlySet<string> = new Set(["environ", "maps", "fd"]);

const refusals: ReadonlySet<string> = new Set(["EPERM", "ENOSYS"]);

/** Groups below are an image's. User namespaces may map fewer ids than the guest prefers for the groups of its calls. */
const firstCallGroup = 10_000;

const grantedTo = ({ profile }: SandboxSpec): readonly string[] => [...guestCapabilities, ...profile.capabilities];

const onOff = (on: boolean): string => (on ? "on" : "off");
const seccompMode = (mode: number): string => ["no filter", "strict mode", "a filter"][mode] ?? String(mode);
const megabytes = (bytes: number): string => `${Math.round(bytes / 1024) / 1024} MiB`;

const list = (finding: Finding, where: string): string[] =>
  (finding ?? []).map((difference) => `${where}: ${difference}`);

function same<T>(got: T | null, asked: T, say: (value: T) => string): Finding {
  if (got === null) return null;
  return got === asked ? [] : [`${say(asked)} asked, got ${say(got)}`];
}

/** A tighter limit than was asked keeps the promise too. */
function atMost(got: Limit | null, asked: number, say: (value: number) => string = String): Finding {
  if (got === null) return null;
  if (got === "none") return [`${say(asked)} asked, none set`];
  return got <= asked ? [] : [`${say(asked)} asked, ${say(got)} set`];
}

/** Ext4 makes whole blocks of inodes, 16 in each, for every 128 MiB. */
function inodesWithin(got: number | null, { resources: { inodes = 0, disk_mb = 0 } }: SandboxSpec): Finding {
  const rounding = 16 * Math.ceil(disk_mb / 128);
  return atMost(got === null ? "none" : Math.max(0, got - rounding), inodes);
}

function beyond(got: readonly string[] | null, granted: readonly string[]): Finding {
  return got && got.filter((name) => !granted.includes(name)).map((name) => `${name} is held and was not granted`);
}

const ofAnySet = (sets: Readonly<Record<string, readonly string[]>>, granted: readonly string[]): Finding =>
  beyond([...new Set(Object.values(sets).flat())], granted);

/** A path that is not there needs no cover. */
function uncovered(
  asked: readonly string[],
  covered: readonly string[],
  states: Probe["maskedPaths"],
): readonly string[] {
  return asked
    .filter((path) => states.get(path) !== "absent" && !covered.includes(path))
    .map((path) => `${path} is not covered`);
}

function opened(asked: readonly string[], states: Probe["maskedPaths"], verb: string): readonly string[] {
  return asked.flatMap((path) => {
    const state = states.get(path);
    if (state === undefined) return [`${path} was not tried`];
    return state === "open" ? [`${path} can be ${verb}`] : [];
  });
}
