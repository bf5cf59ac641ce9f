import { createHash } from "node:crypto";
import { BerthError } from "../../core/errors.ts";
import type { Guest } from "../../guest/guest.ts";
import type { RequestOptions } from "../../guest/request-options.ts";

/** The largest file that is edited in the controller, in bytes; edits hold the whole file in memory. */
export const maxEditBytes = 4 * 1024 * 1024;

export interface WholeFile {
  readonly bytes: Buffer;
  readonly mode: number;
}

/**
 * Reads a file from its first byte to its last.
 * @throws BerthError `file_too_large` above `maxEditBytes`, and those of `Guest.read`
 */
export async function readWhole(guest: Guest, path: string, options: RequestOptions): Promise<WholeFile> {
  const { bytes, size, mode } = await guest.read(path, { offset: 0, limit: maxEditBytes + 1 }, options);
  if (size > maxEditBytes || bytes.length > maxEditBytes) {
    throw new BerthError(
      "file_too_large",
      `${path} has ${Math.max(size, bytes.length)} bytes; files up to ${maxEditBytes} bytes can be edited.`,
      {
        remedy: "Use the shell to change it.",
      },
    );
  }
  return { bytes, mode };
}

/** @throws BerthError `not_text` when the content has a NUL byte */
export function requireText(path: string, bytes: Buffer): void {
  if (bytes.includes(0)) throw new BerthError("not_text", `${path} is binary: it has NUL bytes.`);
}

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
