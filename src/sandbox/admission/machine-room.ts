import { readFile } from "node:fs/promises";

/** Bytes that processes of this machine could still take without swapping; undefined where nobody can tell. */
export type AvailableMemory = () => Promise<number | undefined>;

/** Linux's own estimate: what is free and what it could give up at once. */
export const availableMemory: AvailableMemory = async () => {
  const text = await readFile("/proc/meminfo", "latin1").catch(() => "");
  const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(text)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
};
