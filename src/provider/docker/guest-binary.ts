import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { BerthError } from "../../core/errors.ts";

export interface GuestBinary {
  readonly bytes: Buffer;
  /** Lower-case hex. */
  readonly sha256: string;
  /** As the daemon names architectures (`uname -m`). */
  readonly architecture: string;
}

/** ELF `e_machine`, at byte 18. */
const machines: Readonly<Record<number, string>> = { 62: "x86_64", 183: "aarch64", 243: "riscv64" };

/** @throws BerthError `provider_unavailable` when there is no ELF binary at `path` */
export async function readGuestBinary(path: string): Promise<GuestBinary> {
  const remedy = "Build the guest: `make guest`.";
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new BerthError("provider_unavailable", `The guest's binary cannot be read from ${path}.`, { cause, remedy });
  }
  if (bytes.length < 20 || bytes.readUInt32BE(0) !== 0x7f454c46) {
    throw new BerthError("provider_unavailable", `${path} is not a Linux binary.`, { remedy });
  }
  const machine = bytes.readUInt16LE(18);
  return {
    bytes,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    architecture: machines[machine] ?? `ELF machine ${machine}`,
  };
}
