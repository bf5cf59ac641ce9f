import { readFile } from "node:fs/promises";
import { systemClock } from "../../core/clock.ts";

/** A process of the host, told apart from a later one with the same number by its start time. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot, as in /proc/PID/stat. */
  readonly startTime: string;
}

interface Stat {
  readonly state: string;
  readonly startTime: string;
}

async function readStat(pid: number): Promise<Stat | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  // The name in parentheses may hold anything; fields are counted after it, from field 3 on.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, startTime] = [fields?.[0], fields?.[19]];
  return state === undefined || startTime === undefined ? undefined : { state, startTime };
}

/** A zombie counts as ended: nothing of it runs. */
export async function isAlive({ pid, startTime }: ProcessIdentity): Promise<boolean> {
  const stat = await readStat(pid);
  return stat?.startTime === startTime && stat.state !== "Z" && stat.state !== "X";
}

/** The process that has this number now. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await readStat(pid);
  return stat && { pid, startTime: stat.startTime };
}

/** SIGKILL; as it is init of a pid namespace, the kernel ends everything in there with it. Resolves when it has ended. */
export async function killAndWait(identity: ProcessIdentity, deadlineMs: number): Promise<boolean> {
  const end = systemClock.monotonic() + deadlineMs;
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 50)) {
    if (!(await isAlive(identity))) return true;
    if (systemClock.monotonic() > end) return false;
    try {
      process.kill(identity.pid, "SIGKILL");
    } catch {
      return true;
    }
    await systemClock.sleep(pauseMs);
  }
}
