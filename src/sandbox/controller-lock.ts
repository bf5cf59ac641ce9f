import { mkdir, open, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { BerthError } from "../core/errors.ts";

interface Holder {
  readonly pid: number;
  /** Tells a process apart from a later one with the same number. */
  readonly startTime: string;
}

/** Held by the one controller of a data directory; a holder that died holds nothing. */
export interface ControllerLock extends AsyncDisposable {
  release(): Promise<void>;
}

async function startTime(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}

/** The live controller of a data directory, if there is one. */
export async function lockHolder(file: string): Promise<Holder | undefined> {
  const text = await readFile(file, "utf8").catch(() => "");
  const [pid, started] = text.trim().split(" ");
  if (pid === undefined || started === undefined) return undefined;
  return (await startTime(Number(pid))) === started ? { pid: Number(pid), startTime: started } : undefined;
}

/** @throws BerthError `invalid_config` naming the process that holds it */
export async function takeLock(file: string): Promise<ControllerLock> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  for (let attempt = 0; attempt < 2; attempt++) {
    const handle = await open(file, "wx", 0o600).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
    if (handle) {
      await handle.writeFile(`${process.pid} ${(await startTime(process.pid)) ?? "unknown"}\n`);
      await handle.close();
      const release = () => rm(file, { force: true });
      return { release, [Symbol.asyncDispose]: release };
    }
    const holder = await lockHolder(file);
    if (holder) {
      throw new BerthError(
        "invalid_config",
        `data_dir: the controller with process id ${holder.pid} is using ${dirname(file)}.`,
        {
          remedy: "Stop it, or give this one a data_dir of its own.",
        },
      );
    }
    await rm(file, { force: true });
  }
  throw new BerthError("invalid_config", `data_dir: ${file} is taken by another controller that is starting.`);
}
