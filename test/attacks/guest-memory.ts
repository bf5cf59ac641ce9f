import type { Berth } from "../support/running-berth.ts";

/** More than the guest needs, whatever it is asked, in MiB. */
export const guestMb = 64;

/** MiB of the guest itself, as its kernel tells it. */
export async function guestMegabytes(berth: Berth): Promise<number> {
  const { stdout } = await berth.sh("grep VmRSS /proc/1/status");
  const kilobytes = /VmRSS:\s*(\d+) kB/.exec(stdout.head)?.[1];
  if (kilobytes === undefined) throw new Error("the guest's memory cannot be read");
  return Number(kilobytes) / 1024;
}
