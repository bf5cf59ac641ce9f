import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";

const SETTLING_MS = 2_000;
const SETTLING_PAUSE_MS = 100;

/** What a machine shows of sandboxes: each item is a line for people. */
export async function traces(dataDir: string): Promise<ReadonlySet<string>> {
  return new Set([
    ...(await mounts(dataDir)),
    ...(await guests(dataDir)),
    ...(await cgroups()),
    ...(await sandboxFolders(dataDir)),
  ]);
}

/**
 * What was not there before and stays. Other controllers of this machine come and go meanwhile: a cgroup of theirs is
 * empty for a moment at both ends of a sandbox.
 */
export async function newTraces(dataDir: string, before: ReadonlySet<string>): Promise<string[]> {
  const isNew = async () => [...(await traces(dataDir))].filter((trace) => !before.has(trace)).toSorted();
  let left = await isNew();
  for (const end = performance.now() + SETTLING_MS; left.length > 0 && performance.now() < end;) {
    await sleep(SETTLING_PAUSE_MS);
    const still = new Set(await isNew());
    left = left.filter((trace) => still.has(trace));
  }
  return left;
}

async function mounts(dataDir: string): Promise<string[]> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8").catch(() => "")).split("\n");
  return lines.filter((line) => line.includes(dataDir)).map((line) => `mount ${line.split(" ")[4] ?? line}`);
}

/** Guests whose root lies in the data directory; those of containers are found by their label. */
async function guests(dataDir: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir("/proc").catch((): string[] => [])) {
    if (!/^\d+$/.test(pid)) continue;
    const command = await readFile(join("/proc", pid, "cmdline"), "utf8").catch(() => "");
    if (!command.startsWith("/.berth/guest\0serve\0")) continue;
    if ((await readFile(join("/proc", pid, "mountinfo"), "utf8").catch(() => "")).includes(dataDir))
      found.push(`process ${pid}: a guest`);
  }
  return found;
}

/** Cgroups without a process: that of a sandbox that runs may be another controller's. */
async function cgroups(): Promise<string[]> {
  const roots = ["/sys/fs/cgroup", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/cpu"];
  const found = await Promise.all(
    roots.map(async (root) => {
      const names = await readdir(join(root, "berth"), { withFileTypes: true }).catch(() => []);
      const dirs = names.filter((entry) => entry.isDirectory()).map((entry) => join(root, "berth", entry.name));
      const members = await Promise.all(
        dirs.map((dir) => readFile(join(dir, "cgroup.procs"), "utf8").catch(() => "gone")),
      );
      return dirs.filter((_, index) => members[index] === "").map((dir) => `cgroup ${dir}`);
    }),
  );
  return found.flat();
}

async function sandboxFolders(dataDir: string): Promise<string[]> {
  const names = await readdir(join(dataDir, "oci", "sandboxes")).catch((): string[] => []);
  return names.map((name) => `folder of sandbox ${name}`);
}
