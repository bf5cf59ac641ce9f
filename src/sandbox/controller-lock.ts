import { dirname } from "node:path";
import { BerthError } from "../core/errors.ts";
import { lockHolder, tryLock } from "../core/lock-file.ts";

/** Held by the one controller of a data directory. @throws BerthError `invalid_config` naming the process that holds it */
export async function takeLock(file: string): Promise<AsyncDisposable> {
  const lock = await tryLock(file);
  if (lock) return lock;
  const holder = await lockHolder(file);
  if (!holder)
    throw new BerthError("invalid_config", `data_dir: ${file} is taken by another controller that is starting.`);
  throw new BerthError(
    "invalid_config",
    `data_dir: the controller with process id ${holder.pid} is using ${dirname(file)}.`,
    { remedy: "Stop it, or give this one a data_dir of its own." },
  );
}
