import { readFile, readdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const deadlineMs = 20_000;
const lookAgainMs = 20;

/** As this machine numbers them. */
export const pids = async (): Promise<string[]> => (await readdir("/proc")).filter((name) => /^\d+$/.test(name));

/**
 * Waits for a command of a sandbox to run: this machine sees its processes. A call is recorded as running before its command is; what kills or
 * pauses a controller in the middle of a command waits for this.
 */
export async function untilRuns(command: string): Promise<void> {
  const words = `${command.replaceAll(" ", "\0")}\0`;
  const giveUpAt = Date.now() + deadlineMs;
  for (;;) {
    const commands = await Promise.all(
      (await pids()).map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
    );
    if (commands.includes(words)) return;
    if (Date.now() > giveUpAt) throw new Error(`${command} does not run.`);
    await sleep(lookAgainMs);
  }
}
