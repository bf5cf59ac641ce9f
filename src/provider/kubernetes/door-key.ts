import { createHash, createHmac, randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { BerthError } from "../../core/errors.ts";
import type { SandboxHandle } from "../provider.ts";

const keyBytes = 32;

/** Derives what opens the door of a sandbox, the same for every controller with the same key. */
export interface DoorKey {
  /** The 32 bytes with which a connection begins. */
  secretOf(handle: SandboxHandle): Buffer;
  /** What the pod knows of them, in hexadecimal digits. */
  hashOf(handle: SandboxHandle): string;
  /** 32 bytes for something else, which its name tells apart. */
  derive(name: string): Buffer;
}

export function doorKey(key: Uint8Array): DoorKey {
  const derive = (name: string) => createHmac("sha256", key).update(name).digest();
  const secretOf = ({ id, labels }: SandboxHandle) =>
    derive(["berth door 1", labels.owner, id, labels.incarnation].join("\0"));
  return { secretOf, hashOf: (handle) => createHash("sha256").update(secretOf(handle)).digest("hex"), derive };
}

/**
 * The key of the file or, where none is named, of one that is made once in the data folder.
 * @throws BerthError `invalid_config` when it cannot be read or is too short
 */
export async function loadDoorKey({ keyFile, dataDir }: { keyFile: string; dataDir: string }): Promise<DoorKey> {
  const file = keyFile || join(dataDir, "kubernetes/door-key");
  if (keyFile === "") await makeKey(file);
  const key = await readFile(file).catch((cause: unknown) => {
    throw new BerthError("invalid_config", `kubernetes_key_file cannot be read: ${String(cause)}`, { cause });
  });
  if (key.length >= keyBytes) return doorKey(key);
  throw new BerthError("invalid_config", `kubernetes_key_file: ${file} must hold at least ${keyBytes} bytes.`);
}

async function makeKey(file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, randomBytes(keyBytes), { flag: "wx", mode: 0o600 }).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== "EEXIST") throw thrown;
  });
}
