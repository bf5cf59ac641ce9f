import { mkdir, readFile, readdir, rmdir, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../../core/clock.ts";
import { BerthError } from "../../core/errors.ts";

const CGROUP_V1_MAGIC = 0x27e0eb;
const CGROUP_V2_MAGIC = 0x63677270;
const MOUNT = "/sys/fs/cgroup";
const PARENT = "berth";

/** `v1` also on hybrid machines, whose bare v2 hierarchy has no memory controller. */
export type CgroupVersion = "v1" | "v2" | "none";

async function fileSystemType(path: string): Promise<number | undefined> {
  return statfs(path).then(
    (facts) => facts.type,
    () => undefined,
  );
}

/** Told by the type of the file system: a path under the mount point may be an ordinary folder. */
export async function cgroupVersion(): Promise<CgroupVersion> {
  if ((await fileSystemType(MOUNT)) === CGROUP_V2_MAGIC) return "v2";
  if ((await fileSystemType(join(MOUNT, "memory"))) === CGROUP_V1_MAGIC) return "v1";
  return "none";
}

/** The sandbox's cgroup, as an OCI runtime takes it. */
export const cgroupPath = (id: string): string => `/${PARENT}/${id}`;

/** Where a controller keeps the sandbox's numbers; version 2 has one folder for all. */
const dirOf = (version: CgroupVersion, controller: string, id: string): string =>
  version === "v2" ? join(MOUNT, PARENT, id) : join(MOUNT, controller, PARENT, id);

/** Of the memory limit and on top of it: v1 accounts the buffers of TCP apart and without a limit, and runtimes set none. */
const TCP_PART = 1 / 4;

/**
 * Makes the memory cgroup before the sandbox and returns where the kernel counts OOM kills, so that the guest can be handed the open file.
 * Only on v1: on v2 the file appears when the runtime enables the controller, and the guest reads its own mount instead.
 */
export async function prepareMemoryCgroup(
  version: CgroupVersion,
  id: string,
  memoryBytes: number,
): Promise<string | undefined> {
  if (version !== "v1") return undefined;
  const dir = dirOf(version, "memory", id);
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, "memory.kmem.tcp.limit_in_bytes"), String(Math.floor(memoryBytes * TCP_PART)));
  return join(dir, "memory.oom_control");
}

/** How many processes of the sandbox the kernel has killed for memory; null when the cgroup is gone. */
export async function oomKills(version: CgroupVersion, id: string): Promise<number | null> {
  const file = join(dirOf(version, "memory", id), version === "v2" ? "memory.events" : "memory.oom_control");
  const text = await readFile(file, "utf8").catch(() => undefined);
  const count = text === undefined ? undefined : /^oom_kill (\d+)$/m.exec(text)?.[1];
  return count === undefined ? null : Number(count);
}

/** How often the kernel has refused the sandbox another process; 0 when the cgroup is gone. */
export async function pidsRefused(version: CgroupVersion, id: string): Promise<number> {
  const text = await readFile(join(dirOf(version, "pids", id), "pids.events"), "utf8").catch(() => "");
  return Number(/^max (\d+)$/m.exec(text)?.[1] ?? 0);
}

/** Whether a process of the host is the sandbox's. */
export async function isInCgroup(pid: number, id: string): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => "");
  return text.split("\n").some((line) => line.endsWith(`:${cgroupPath(id)}`));
}

/** SIGKILL to every process in the sandbox's cgroup, until none is left; false when some still are at the deadline. */
export async function killCgroup(version: CgroupVersion, id: string, deadlineMs: number): Promise<boolean> {
  const file = join(dirOf(version, "memory", id), "cgroup.procs");
  const end = systemClock.monotonic() + deadlineMs;
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 50)) {
    const text = await readFile(file, "utf8").catch(() => "");
    const pids = text.split("\n").filter(Boolean);
    if (pids.length === 0) return true;
    if (systemClock.monotonic() > end) return false;
    for (const pid of pids) {
      try {
        process.kill(Number(pid), "SIGKILL");
      } catch {
        // It has ended meanwhile.
      }
    }
    await systemClock.sleep(pauseMs);
  }
}

const V1_CONTROLLERS = [
  "cpu",
  "cpuacct",
  "cpuset",
  "memory",
  "devices",
  "freezer",
  "blkio",
  "pids",
  "hugetlb",
  "net_cls",
  "net_prio",
  "perf_event",
  "rdma",
  "misc",
  "systemd",
  "unified",
];

/**
 * Removes the sandbox's cgroups; the common parent stays, since a runtime that is just making a sandbox's cgroup beneath it would find it
 * gone. A process that was killed may hold its cgroup for a moment longer. @throws BerthError `teardown_failed` when one is held for longer
 * than that
 */
export async function removeCgroups(version: CgroupVersion, id: string): Promise<void> {
  const roots = version === "v2" ? [MOUNT] : V1_CONTROLLERS.map((controller) => join(MOUNT, controller));
  await Promise.all(roots.map((root) => removeOnceEmpty(join(root, PARENT, id))));
}

/** Sandboxes' cgroups without a process in them or below, each once: those of running ones have some. */
export async function emptyCgroups(version: CgroupVersion): Promise<{ id: string; path: string }[]> {
  const roots = version === "v2" ? [MOUNT] : V1_CONTROLLERS.map((controller) => join(MOUNT, controller));
  const found = new Map<string, string>();
  for (const root of version === "none" ? [] : roots) {
    const parent = join(root, PARENT);
    const entries = await readdir(parent, { withFileTypes: true }).catch(() => []);
    for (const { name } of entries.filter((entry) => entry.isDirectory())) {
      if (!found.has(name) && (await isEmpty(join(parent, name)))) found.set(name, join(parent, name));
    }
  }
  return [...found].map(([id, path]) => ({ id, path }));
}

async function isEmpty(cgroup: string): Promise<boolean> {
  const below = await readdir(cgroup, { withFileTypes: true }).catch(() => []);
  if (below.some((entry) => entry.isDirectory())) return false;
  return (await readFile(join(cgroup, "cgroup.procs"), "utf8").catch(() => "gone")) === "";
}

const EMPTY_DEADLINE_MS = 5_000;

async function removeOnceEmpty(cgroup: string): Promise<void> {
  const end = systemClock.monotonic() + EMPTY_DEADLINE_MS;
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 50)) {
    const failure = await rmdir(cgroup).then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error.code,
    );
    if (failure !== "EBUSY") return;
    if (systemClock.monotonic() > end) throw new BerthError("teardown_failed", `The cgroup ${cgroup} is still in use.`);
    await systemClock.sleep(pauseMs);
  }
}
