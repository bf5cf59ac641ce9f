import { readFile, readdir } from "node:fs/promises";
import path from "node:path";

/** Milliseconds that the threads of a process ran, whatever else the machine did. */
export async function ownTime(pid: number): Promise<number> {
  const folder = path.join("/proc", String(pid), "task");
  let nanos = 0;
  for (const thread of await readdir(folder)) {
    const text = await readFile(path.join(folder, thread, "schedstat"), "utf8").catch(() => "0");
    nanos += Number(text.split(" ")[0]);
  }
  return nanos / 1e6;
}

const millisecondsOfTick = 10;

/** Milliseconds of the children that a process has waited for, right to 10. */
export async function childrenTime(pid: number): Promise<number> {
  const stat = await readFile(path.join("/proc", String(pid), "stat"), "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) * millisecondsOfTick;
}
