import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";

/** What a machine shows of sandboxes: each item is a line for people. */
export async function traces(dataDir: string): Promise<ReadonlySet<string>> {
  return new Set([
    ...(await mounts(dataDir)),
    ...(await guests()),
    ...(await cgroups()),
    ...(await sandboxFolders(dataDir)),
  ]);
}

/** What is there now and was not before. */
export async function newTraces(dataDir: string, before: ReadonlySet<string>): Promise<string[]> {
  return [...(await traces(dataDir))].filter((trace) => !before.has(trace)).toSorted();
}

async function mounts(dataDir: string): Promise<string[]> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8").catch(() => "")).split("\n");
  return lines.filter((line) => line.includes(dataDir)).map((line) => `mount ${line.split(" ")[4] ?? line}`);
}

async function guests(): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir("/proc").catch((): string[] => [])) {
    if (!/^\d+$/.test(pid)) continue;
    const command = await readFile(join("/proc", pid, "cmdline"), "utf8").catch(() => "");
    if (command.startsWith("/.berth/guest\0serve\0")) found.push(`process ${pid}: a guest`);
  }
  return found;
}

async function cgroups(): Promise<string[]> {
  const roots = ["/sys/fs/cgroup", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/cpu"];
  const found = await Promise.all(
    roots.map(async (root) => {
      const names = await readdir(join(root, "berth"), { withFileTypes: true }).catch(() => []);
      return names.filter((entry) => entry.isDirectory()).map((entry) => `cgroup ${join(root, "berth", entry.name)}`);
    }),
  );
  return found.flat();
}

async function sandboxFolders(dataDir: string): Promise<string[]> {
  const names = await readdir(join(dataDir, "oci", "sandboxes")).catch((): string[] => []);
  return names.map((name) => `folder of sandbox ${name}`);
}
