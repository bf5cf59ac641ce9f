import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { BerthError } from "../core/errors.ts";

const ATTEMPTS = 3;

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
  const draft = `${file}.${process.pid}.${randomUUID()}`;
  // Linked into place with its content, so that nobody ever reads a lock that is half written.
  await writeFile(draft, `${process.pid} ${(await startTime(process.pid)) ?? "unknown"}\n`, {
    flag: "wx",
    mode: 0o600,
  });
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (await linked(draft, file)) {
        const release = () => rm(file, { force: true });
        return { release, [Symbol.asyncDispose]: release };
      }
      await moveAside(file, `${draft}.stale`);
    }
  } finally {
    await rm(draft, { force: true });
  }
  throw new BerthError("invalid_config", `data_dir: ${file} is taken by another controller that is starting.`);
}

const linked = (from: string, to: string): Promise<boolean> =>
  link(from, to).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
      return false;
    },
  );

/** Takes away what a dead controller left; what turns out to be held is put back. */
async function moveAside(file: string, aside: string): Promise<void> {
  await assertFree(file, file);
  await rename(file, aside).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  try {
    await assertFree(aside, file);
  } catch (error) {
    await linked(aside, file);
    throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

async function assertFree(read: string, file: string): Promise<void> {
  const holder = await lockHolder(read);
  if (!holder) return;
  throw new BerthError(
    "invalid_config",
    `data_dir: the controller with process id ${holder.pid} is using ${dirname(file)}.`,
    { remedy: "Stop it, or give this one a data_dir of its own." },
  );
}
