import { constants, access, mkdir, mkdtemp, readFile, rm, rmdir, stat, statfs } from "node:fs/promises";
import { request } from "node:http";
import { arch, platform, release, tmpdir, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { json } from "node:stream/consumers";
import { execa } from "execa";

export interface RunResult {
  readonly ok: boolean;
  /** There is no such program. */
  readonly absent: boolean;
  /** Standard output and standard error, trimmed. */
  readonly text: string;
}

export interface Space {
  /** The magic number of the file system. */
  readonly type: number;
  readonly freeBytes: number;
  /** Null where the file system has no fixed number of inodes. */
  readonly freeInodes: number | null;
}

/** What the checks ask of a machine. Every question has a deadline of 10 s or less. */
export interface Host {
  readonly platform: string;
  readonly arch: string;
  readonly kernel: string;
  readonly nodeVersion: string;
  readonly root: boolean;
  readonly memoryBytes: number;
  run(command: string, args: readonly string[]): Promise<RunResult>;
  /** Undefined when it cannot be read. */
  read(path: string): Promise<string | undefined>;
  executable(path: string): Promise<boolean>;
  /** Of the nearest folder that exists. */
  space(path: string): Promise<Space>;
  /** Whether a folder can be made there; it is removed again. */
  canMakeFolder(parent: string): Promise<boolean>;
  /** Runs with a new folder below the nearest one that exists, and removes it. */
  withFolder<T>(below: string, work: (folder: string) => Promise<T>): Promise<T>;
  /** The JSON that a server gives, by socket path or URL. */
  getJson(address: { socketPath: string } | { url: string }, path: string): Promise<unknown>;
}

const probeMs = 10_000;

async function nearest(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    const found = await stat(folder).catch(() => undefined);
    if (found?.isDirectory() || folder === dirname(folder)) return folder;
  }
}

async function getJson(address: { socketPath: string } | { url: string }, path: string): Promise<unknown> {
  const signal = AbortSignal.timeout(probeMs / 2);
  const response = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
    const outgoing =
      "url" in address
        ? request(new URL(path, address.url), { signal })
        : request({ socketPath: address.socketPath, path, headers: { host: "docker" }, signal });
    outgoing.once("response", resolve).once("error", reject).end();
  });
  return await json(response);
}

/** The machine that this process runs on. */
export const thisHost: Host = {
  platform: platform(),
  arch: arch(),
  kernel: release(),
  nodeVersion: process.versions.node,
  root: process.getuid?.() === 0,
  memoryBytes: totalmem(),
  run: async (command, args) => {
    const result = await execa(command, args, {
      reject: false,
      all: true,
      timeout: probeMs,
      killSignal: "SIGKILL",
      stdin: "ignore",
    });
    return { ok: !result.failed, absent: result.code === "ENOENT", text: result.all.trim() };
  },
  read: (path) => readFile(path, "utf8").catch(() => undefined),
  executable: (path) =>
    access(path, constants.X_OK).then(
      () => true,
      () => false,
    ),
  space: async (path) => {
    const found = await statfs(await nearest(path));
    return {
      type: found.type,
      freeBytes: found.bavail * found.bsize,
      freeInodes: found.files > 0 ? found.ffree : null,
    };
  },
  canMakeFolder: async (parent) => {
    const folder = join(parent, `berth-doctor-${process.pid}`);
    try {
      await mkdir(folder);
      // A cgroup is removed by rmdir alone: its files are not real.
      await rmdir(folder);
      return true;
    } catch {
      return false;
    }
  },
  withFolder: async (below, work) => {
    const parent = await nearest(below);
    const folder = await mkdtemp(join(parent, ".berth-doctor-")).catch(() => mkdtemp(join(tmpdir(), "berth-doctor-")));
    try {
      return await work(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
  getJson,
};
