import { readFile, readlink, statfs } from "node:fs/promises";
import { capabilitiesIn } from "../model/linux-capabilities.ts";
import { cgroupLimits, cgroupMembers } from "./host-cgroup.ts";
import { namespaceNames, type MountedPath, type NamespaceName, type Observation } from "./observation.ts";

export interface HostProcessOptions {
  readonly pid: number;
  /** A part of its cgroup's path that no other process has: a number alone may be another's by now. */
  readonly cgroup: string;
  /** `sentry` is gVisor's kernel: what it holds itself says nothing about those inside; its gofer holds their files. */
  readonly role: "guest" | "sentry";
}

/**
 * What this machine's kernel says of a sandbox's first process: /proc/PID and its cgroup. Undefined when it is not to be seen from
 * here, as under an engine on another machine. Needs root.
 */
export async function observeHostProcess({
  pid,
  cgroup,
  role,
}: HostProcessOptions): Promise<Partial<Observation> | undefined> {
  const read = (name: string) => readFile(`/proc/${pid}/${name}`, "utf8");
  try {
    const membership = await read("cgroup");
    if (!membership.includes(cgroup)) return undefined;
    const ownMounts = await readFile("/proc/self/mountinfo", "utf8");
    const holder = role === "sentry" ? await goferAmong(await cgroupMembers(membership, ownMounts)) : pid;
    const [status, limits, mountinfo, netDev, uidMap, exe, hostNamespaces, disk] = await Promise.all([
      read("status"),
      read("limits"),
      read("mountinfo"),
      read("net/dev"),
      read("uid_map"),
      readlink(`/proc/${pid}/exe`),
      sharedNamespaces(pid),
      holder === undefined ? null : diskOf(holder),
    ]);
    const limitsOf = await cgroupLimits(membership, ownMounts);
    const outer = {
      runtime: /(^|\/)runsc\b/.test(exe) ? ("runsc" as const) : ("runc" as const),
      seccomp: numberIn(status, "Seccomp"),
      noNewPrivileges: role === "sentry" ? null : flag(numberIn(status, "NoNewPrivs")),
      hostNamespaces,
      rootIsHostRoot: /^\s*0\s+0\s/m.test(uidMap),
      network: networkOf(hostNamespaces, netDev),
      disk,
      ...limitsOf,
      unknowable: limitsOf.memoryAndSwapBytes === null ? { "swap limit": "the kernel does not account swap" } : {},
    };
    // The pid was this sandbox's before and after.
    if (!(await read("cgroup")).includes(cgroup)) return undefined;
    if (role === "sentry") return outer;
    const mounts = mountsIn(mountinfo);
    const openFiles = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1];
    return {
      ...outer,
      capabilities: heldCapabilities(status),
      openFiles: openFiles === undefined ? null : openFiles === "unlimited" ? "none" : Number(openFiles),
      mounts,
      maskedPaths: mounts.filter(hides).map(({ target }) => target),
      readOnlyPaths: mounts.filter(({ readOnly }) => readOnly).map(({ target }) => target),
    };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH" || code === "EACCES" || code === "EPERM") return undefined;
    throw error;
  }
}

const lineOf = (text: string, name: string): string | undefined =>
  new RegExp(`^${name}:\\s*(\\S+)`, "m").exec(text)?.[1];

function numberIn(status: string, name: string): number | null {
  const value = lineOf(status, name);
  return value === undefined ? null : Number(value);
}

const flag = (value: number | null): boolean | null => (value === null ? null : value === 1);

function heldCapabilities(status: string): string[] | null {
  const masks = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].flatMap((name) => lineOf(status, name) ?? []);
  return masks.length === 0 ? null : [...new Set(masks.flatMap(capabilitiesIn))];
}

async function sharedNamespaces(pid: number): Promise<NamespaceName[]> {
  const links = await Promise.all(
    namespaceNames.map(async (name) => {
      const [theirs, ours] = await Promise.all([
        readlink(`/proc/${pid}/ns/${name}`),
        readlink(`/proc/self/ns/${name}`),
      ]);
      return theirs === ours ? [name] : [];
    }),
  );
  return links.flat();
}

function networkOf(shared: readonly NamespaceName[], netDev: string): Observation["network"] {
  if (shared.includes("net")) return "host";
  const names = [...netDev.matchAll(/^\s*([^\s:]+):/gm)].map((match) => match[1]);
  return names.some((name) => name !== "lo") ? "own" : "none";
}

/** gVisor's file server, whose root is the sandbox's. */
async function goferAmong(pids: readonly number[]): Promise<number | undefined> {
  const names = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return pids.find((_, index) => names[index]?.startsWith("runsc-gofer\0"));
}

async function diskOf(pid: number): Promise<Observation["disk"]> {
  const { blocks, bsize, files } = await statfs(`/proc/${pid}/root/`);
  return { bytes: blocks * bsize, inodes: files > 0 ? files : null };
}

const unescapePath = (path: string): string =>
  path.replaceAll(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));

function mountsIn(mountinfo: string): MountedPath[] {
  return mountinfo
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [before = "", after = ""] = line.split(" - ");
      const [, , , root = "", target = "", options = ""] = before.split(" ");
      const [type = "", , superOptions = ""] = after.split(" ");
      const readOnly = [options, superOptions].some((list) => list.split(",").includes("ro"));
      return { target: unescapePath(target), root: unescapePath(root), type, readOnly };
    });
}

/** Runtimes mask a file by /dev/null and a folder by an empty file system that cannot be written. */
const hides = ({ root, type, readOnly }: MountedPath): boolean => root === "/null" || (type === "tmpfs" && readOnly);
