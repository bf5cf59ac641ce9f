import { execa } from "execa";
import { BerthError } from "./errors.ts";

const DEADLINE_MS = 600_000;

/**
 * What a file or a folder takes of its disk, in bytes: whole blocks, what has several names once, nothing mounted in it.
 * Reads every folder of it, so it is asked once, when a tree is finished; 10 minutes at most.
 * @throws BerthError `storage_failed`
 */
export async function allocatedBytes(path: string): Promise<number> {
  const flags = ["--summarize", "--block-size=1", "--one-file-system"];
  const { stdout, stderr } = await execa("du", [...flags, "--", path], { reject: false, timeout: DEADLINE_MS });
  // What vanishes meanwhile makes du complain, and count the rest.
  const bytes = /^(\d+)\t/.exec(stdout)?.[1];
  if (bytes !== undefined) return Number(bytes);
  throw new BerthError("storage_failed", `The size of ${path} could not be read: ${stderr.slice(-500)}`);
}
