import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { alone } from "./alone.ts";

const ATTEMPTS = 3;
const LOOK_AGAIN_MS = 200;

/** A process that holds a lock. */
export interface LockHolder {
  readonly pid: number;
  /** Tells a process apart from a later one with the same number. */
  readonly startTime: string;
}

async function startTime(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}

/** The live process of this machine that a lock names, if there is one. */
export async function lockHolder(file: string): Promise<LockHolder | undefined> {
  const text = await readFile(file, "utf8").catch(() => "");
  const [pid, started] = text.trim().split(" ");
  if (pid === undefined || started === undefined) return undefined;
  return (await startTime(Number(pid))) === started ? { pid: Number(pid), startTime: started } : undefined;
}

/** Between processes of one machine; a holder that died holds nothing. Undefined when it is held, by this process too. */
export async function tryLock(file: string): Promise<AsyncDisposable | undefined> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.${randomUUID()}`;
  // Linked into place with its content, so that nobody ever reads a lock that is half written.
  await writeFile(draft, `${process.pid} ${(await startTime(process.pid)) ?? "unknown"}\n`, {
    flag: "wx",
    mode: 0o600,
  });
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (await linked(draft, file)) return { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
      if (!(await takeAway(file))) return undefined;
    }
    return undefined;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Waits until nobody holds it. Rejects with the signal's reason when it aborts before. */
export async function lock(file: string, signal: AbortSignal): Promise<AsyncDisposable> {
  for (;;) {
    signal.throwIfAborted();
    const held = await tryLock(file);
    if (held && !signal.aborted) return held;
    await held?.[Symbol.asyncDispose]();
    await sleep(LOOK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
}

const linked = (from: string, to: string): Promise<boolean> =>
  link(from, to).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
      return false;
    },
  );

/** Takes away what a dead holder left. False when it is held, or when another takes it away. */
async function takeAway(file: string): Promise<boolean> {
  // Alone: between the look and the removal, another that has looked too might have removed it and a third have locked.
  await using turn = await alone(file);
  if (!turn || (await lockHolder(file))) return false;
  await rm(file, { force: true });
  return true;
}
