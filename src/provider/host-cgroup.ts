import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Limit } from "./observation.ts";

/** The limits of a cgroup as the kernel keeps them; null for a controller that is not there. */
export interface CgroupLimits {
  readonly memoryBytes: Limit | null;
  readonly memoryAndSwapBytes: Limit | null;
  readonly pids: Limit | null;
  readonly cpus: Limit | null;
}

/** Version 1 rounds "none" down to a page. */
const NO_LIMIT_V1 = 2 ** 62;

/** @param membership the text of /proc/PID/cgroup @param mountinfo of this process */
export async function cgroupLimits(membership: string, mountinfo: string): Promise<CgroupLimits> {
  const folderOf = folders(membership, mountinfo);
  const file = async (controller: string, name: string): Promise<string | undefined> => {
    const folder = folderOf(controller);
    if (folder === undefined) return undefined;
    return (await readFile(join(folder, name), "utf8").catch(() => undefined))?.trim();
  };
  if (folderOf("memory") === undefined) return unified((name) => file("", name));
  const [memory, memsw, pids, quota, period] = await Promise.all([
    file("memory", "memory.limit_in_bytes"),
    file("memory", "memory.memsw.limit_in_bytes"),
    file("pids", "pids.max"),
    file("cpu", "cpu.cfs_quota_us"),
    file("cpu", "cpu.cfs_period_us"),
  ]);
  return {
    memoryBytes: limit(memory),
    memoryAndSwapBytes: limit(memsw),
    pids: limit(pids),
    cpus: perPeriod(quota === "-1" ? "max" : quota, period),
  };
}

/** The host's processes of a cgroup. */
export async function cgroupMembers(membership: string, mountinfo: string): Promise<number[]> {
  const folderOf = folders(membership, mountinfo);
  const folder = folderOf("pids") ?? folderOf("");
  if (folder === undefined) return [];
  return (await readFile(join(folder, "cgroup.procs"), "utf8")).split("\n").filter(Boolean).map(Number);
}

async function unified(file: (name: string) => Promise<string | undefined>): Promise<CgroupLimits> {
  const [memoryText, swapText, pids, cpu] = await Promise.all(
    ["memory.max", "memory.swap.max", "pids.max", "cpu.max"].map(file),
  );
  const memory = limit(memoryText);
  const swap = limit(swapText);
  const [quota, period] = cpu?.split(" ") ?? [];
  return {
    memoryBytes: memory,
    memoryAndSwapBytes:
      memory === null || swap === null ? null : memory === "none" || swap === "none" ? "none" : memory + swap,
    pids: limit(pids),
    cpus: perPeriod(quota, period),
  };
}

function limit(text: string | undefined): Limit | null {
  if (text === undefined || text === "") return null;
  const value = Number(text);
  return text === "max" || value >= NO_LIMIT_V1 ? "none" : value;
}

function perPeriod(quota: string | undefined, period: string | undefined): Limit | null {
  const of = limit(quota);
  return of === null || of === "none" ? of : of / Number(period);
}

/** Controller → the folder of the process's cgroup; the name of the unified hierarchy's is "". */
function folders(membership: string, mountinfo: string): (controller: string) => string | undefined {
  const mounted = new Map<string, { at: string; root: string }>();
  for (const line of mountinfo.split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const [, , , root = "/", at = ""] = before.split(" ");
    const [type, , options = ""] = after.split(" ");
    if (type === "cgroup2") mounted.set("", { at, root });
    if (type === "cgroup") for (const name of options.split(",")) mounted.set(name, { at, root });
  }
  const paths = new Map<string, string>();
  for (const line of membership.split("\n")) {
    const [, controllers, ...path] = line.split(":");
    for (const name of controllers?.split(",") ?? []) paths.set(name, path.join(":"));
  }
  return (controller) => {
    const mount = mounted.get(controller);
    const path = paths.get(controller);
    if (mount === undefined || path === undefined) return undefined;
    const below = mount.root !== "/" && path.startsWith(mount.root) ? path.slice(mount.root.length) : path;
    return join(mount.at, below);
  };
}
