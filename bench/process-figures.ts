import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

const kilobytes = (text: string, field: string): number =>
  [...text.matchAll(new RegExp(`^${field}\\w*:\\s+(\\d+) kB$`, "gm"))].reduce(
    (sum, [, value]) => sum + Number(value),
    0,
  );

const megabytes = (kilo: number): number => kilo / 1024;

/** Memory that a process shares with no other, in MiB. */
const privateMemory = async (pid: string): Promise<number> =>
  megabytes(kilobytes(await readFile(path.join("/proc", pid, "smaps_rollup"), "utf8"), "Private_"));

/** The guests whose root lies in a data directory, by process id. */
export async function guestsOf(dataDir: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const command = await readFile(path.join("/proc", pid, "cmdline"), "utf8").catch(() => "");
    if (!command.startsWith("/.berth/guest\0serve\0")) continue;
    const mounts = await readFile(path.join("/proc", pid, "mountinfo"), "utf8").catch(() => "");
    if (mounts.includes(dataDir)) found.push(pid);
  }
  return found;
}

/** The private memory of each guest of a data directory, in MiB. */
export async function guestMemory(dataDir: string): Promise<number[]> {
  const values: number[] = [];
  for (const pid of await guestsOf(dataDir)) values.push(await privateMemory(pid));
  return values;
}

/** What a controller holds of the machine. */
export interface ControllerFigures {
  /** Resident memory, in MiB. */
  readonly memory: number;
  readonly descriptors: number;
  readonly mounts: number;
}

export async function controllerFigures(pid: number): Promise<ControllerFigures> {
  const of = (name: string) => path.join("/proc", String(pid), name);
  const [status, descriptors, mounts] = await Promise.all([
    readFile(of("status"), "utf8"),
    readdir(of("fd")),
    readFile(of("mountinfo"), "utf8"),
  ]);
  return {
    memory: megabytes(kilobytes(status, "VmRSS")),
    descriptors: descriptors.length,
    mounts: mounts.trimEnd().split("\n").length,
  };
}
