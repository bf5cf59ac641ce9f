import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { BerthError } from "../../core/errors.ts";
import type { RunOptions } from "./runtime.ts";
import type { Starter } from "./starter.ts";
import { idRangeFlag } from "./user-namespace.ts";

const START_DEADLINE_MS = 30_000;

/** Characters that separate the parts of an overlay mount's options. */
const escapeOverlay = (path: string): string => path.replaceAll(/[\\:,]/g, (char) => `\\${char}`);

/** An overlay takes its upper and work folders from one mount only, so the folder of both is shifted. */
function shiftArguments(overlay: RunOptions["overlay"], { ids, trees }: NonNullable<RunOptions["shift"]>): string[] {
  const layers = [...overlay.lowers, overlay.disk?.target ?? dirname(overlay.upper)];
  return [
    ...["--ids", idRangeFlag(ids)],
    ...layers.flatMap((layer) => ["--shift-layer", layer]),
    ...trees.flatMap((tree) => ["--shift-tree", tree]),
  ];
}

/** What the launcher mounts before it becomes the runtime. */
export function mountArguments({ overlay, shift }: RunOptions): string[] {
  const mount = [
    `lowerdir=${overlay.lowers.map(escapeOverlay).join(":")}`,
    `upperdir=${escapeOverlay(overlay.upper)}`,
    `workdir=${escapeOverlay(overlay.work)}`,
  ].join(",");
  const disk = overlay.disk
    ? ["--disk", overlay.disk.image, "--disk-template", overlay.disk.template, "--disk-at", overlay.disk.target]
    : [];
  return ["--overlay", mount, "--at", overlay.target, ...disk, ...(shift ? shiftArguments(overlay, shift) : [])];
}

/** Runs the launcher, which becomes `command`, until that has started its container. @throws BerthError `sandbox_create_failed` */
export async function launch(
  starter: Starter,
  args: readonly string[],
  command: readonly string[],
  { log, signal }: RunOptions,
): Promise<void> {
  const launcher = { args: ["listen", ...args, "--", ...command], log, timeoutMs: START_DEADLINE_MS, signal };
  const code = await starter.run(launcher);
  signal?.throwIfAborted();
  if (code === 0) return;
  throw new BerthError("sandbox_create_failed", `${command[0]} could not start the sandbox: ${await lastLines(log)}`);
}

async function lastLines(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.trim().slice(-1000) || "it said nothing";
}
