import { spawn } from "node:child_process";
import { open, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { BerthError } from "../../core/errors.ts";
import type { IdRange } from "./records.ts";
import { idRangeFlag } from "./user-namespace.ts";

const COMMAND_DEADLINE_MS = 30_000;

/** The OCI runtime's command line: no daemon, state in a folder of ours. */
export interface Runc {
  /**
   * Starts a detached container. The launcher makes the listening socket and the root mount, the latter in a mount
   * namespace of its own, so that it ends with the container and never shows on the host.
   */
  run(options: RunOptions): Promise<void>;
  /** Undefined when the runtime knows no such container. */
  process(id: string): Promise<{ pid: number; startTime: string } | undefined>;
  /** Removes a container's state; kills it first. Idempotent. */
  remove(id: string): Promise<void>;
}

/** Where a sandbox writes. */
export interface WritableLayer {
  readonly upper: string;
  readonly work: string;
  /** A file with an ext4 file system that holds both, and where it is mounted for the sandbox alone. */
  readonly disk?: { readonly image: string; readonly target: string };
}

export interface RunOptions {
  readonly id: string;
  readonly bundle: string;
  readonly socket: string;
  readonly oomCounter: string | undefined;
  readonly overlay: WritableLayer & { readonly lowers: readonly string[]; readonly target: string };
  /** The sandbox's ids on the host, and what it sees of the host besides the overlay. Undefined for the host's user namespace. */
  readonly shift: { readonly ids: IdRange; readonly trees: readonly string[] } | undefined;
  readonly log: string;
  readonly signal?: AbortSignal | undefined;
}

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

export function createRunc(options: { binary: string; root: string; launcher: string }): Runc {
  const { binary, root, launcher } = options;
  return {
    async run({ id, bundle, socket, oomCounter, overlay, shift, log, signal }) {
      const mount = [
        `lowerdir=${overlay.lowers.map(escapeOverlay).join(":")}`,
        `upperdir=${escapeOverlay(overlay.upper)}`,
        `workdir=${escapeOverlay(overlay.work)}`,
      ].join(",");
      const launch = ["listen", "--socket", socket, "--overlay", mount, "--at", overlay.target];
      if (overlay.disk) launch.push("--disk", overlay.disk.image, "--disk-at", overlay.disk.target);
      if (shift) launch.push(...shiftArguments(overlay, shift));
      if (oomCounter !== undefined) launch.push("--oom-events", oomCounter);
      const runtime = [
        binary,
        "--root",
        root,
        "run",
        "--detach",
        "--preserve-fds",
        oomCounter === undefined ? "1" : "2",
        "--bundle",
        bundle,
        id,
      ];
      const code = await runToLog(launcher, [...launch, "--", ...runtime], log, signal);
      if (code !== 0) {
        throw new BerthError("sandbox_create_failed", `runc could not start the sandbox: ${await lastLines(log)}`);
      }
    },

    async process(id) {
      const text = await readFile(join(root, id, "state.json"), "utf8").catch(() => undefined);
      if (text === undefined) return undefined;
      const state = JSON.parse(text) as { init_process_pid?: number; init_process_start?: number };
      if (!state.init_process_pid || state.init_process_start === undefined) return undefined;
      return { pid: state.init_process_pid, startTime: String(state.init_process_start) };
    },

    async remove(id) {
      const result = await execa(binary, ["--root", root, "delete", "--force", id], {
        timeout: COMMAND_DEADLINE_MS,
        reject: false,
      });
      if (result.exitCode !== 0 && !/does not exist/.test(result.stderr)) {
        throw new BerthError("teardown_failed", `runc could not remove ${id}: ${result.stderr.slice(-500)}`);
      }
    },
  };
}

/**
 * Runs a command whose output goes to a file: a detached container inherits the descriptors, and with a pipe the
 * command would seem to run for as long as the container holds it.
 */
async function runToLog(
  command: string,
  args: readonly string[],
  log: string,
  signal?: AbortSignal,
): Promise<number | null> {
  await using file = await open(log, "w", 0o600);
  return await new Promise((done, fail) => {
    const child = spawn(command, args, {
      stdio: ["ignore", file.fd, file.fd],
      timeout: COMMAND_DEADLINE_MS,
      killSignal: "SIGKILL",
      ...(signal ? { signal } : {}),
    });
    child.once("error", fail);
    child.once("exit", done);
  });
}

async function lastLines(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.trim().slice(-1000) || "it said nothing";
}
