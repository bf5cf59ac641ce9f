import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import Docker from "dockerode";
import { vi } from "vitest";
import { loopDevicesOf } from "./providers.ts";

const deadlineMs = 10_000;

/** Looks for what a controller may leave on this machine beyond its records, its cache and its snapshots. */
export class ResidueCheck {
  readonly #dataDir: string;
  readonly #cgroupsBefore: ReadonlySet<string>;

  private constructor(dataDir: string, cgroupsBefore: ReadonlySet<string>) {
    this.#dataDir = dataDir;
    this.#cgroupsBefore = cgroupsBefore;
  }

  /** Made before the first sandbox of the data directory is. */
  static async of(dataDir: string): Promise<ResidueCheck> {
    return new ResidueCheck(dataDir, new Set(await emptyCgroups()));
  }

  /** Waits, with a deadline, for nothing to be left: what has failed is removed after it is told. */
  async expectNothing(): Promise<void> {
    const nothing = async () => assert.deepEqual(await this.find(), []);
    await vi.waitFor(nothing, { timeout: deadlineMs, interval: 50 });
  }

  async find(): Promise<string[]> {
    const dir = this.#dataDir;
    const sockets = join("/run/berth", createHash("sha256").update(join(dir, "oci")).digest("hex").slice(0, 12));
    const found = await Promise.all([
      mountsOf("self", dir).then((lines) => lines.map((line) => `mount ${line}`)),
      loopDevicesOf(dir),
      processesIn(dir),
      emptyCgroups().then((names) => names.filter((name) => !this.#cgroupsBefore.has(name))),
      entries(join(dir, "oci/sandboxes")),
      entries(join(dir, "oci/removed-snapshots")),
      entries(join(dir, "work")),
      entries(join(sockets, "s")),
      entries(join(sockets, "runc")),
      drafts(dir),
      emptyMirrors(dir),
      containers(dir),
    ]);
    return found.flat();
  }
}

const entries = async (folder: string): Promise<string[]> =>
  (await readdir(folder).catch((): string[] => [])).map((name) => join(folder, name));

async function drafts(dir: string): Promise<string[]> {
  const folders = ["oci/snapshots", "oci/images", "mirrors", "manifests/oci", "manifests/docker"];
  const all = await Promise.all(folders.map((folder) => entries(join(dir, folder))));
  return all.flat().filter((path) => /\.(?:draft|partial|tmp)/.test(path));
}

/** Mirrors of repositories of which nothing could be read. */
async function emptyMirrors(dir: string): Promise<string[]> {
  const mirrors = await entries(join(dir, "mirrors"));
  const objects = await Promise.all(mirrors.map((mirror) => readdir(join(mirror, "objects"), { recursive: true })));
  return mirrors.filter((_, index) => objects[index]?.every((name) => name === "info" || name === "pack"));
}

async function mountsOf(pid: string, part: string): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/mountinfo`, "utf8").catch(() => "");
  return text.split("\n").filter((line) => line.includes(part));
}

/** Processes that see the data directory as part of their root: those of its sandboxes. */
async function processesIn(dir: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const own = await mountsOf("self", dir);
  const inside = await Promise.all(
    pids.map(async (pid) => ((await mountsOf(pid, dir)).length > own.length ? [`process ${pid}`] : [])),
  );
  return inside.flat();
}

/** Cgroups without a process: those of running sandboxes, which may belong to others on this machine, have one. */
async function emptyCgroups(): Promise<string[]> {
  const roots = ["/sys/fs/cgroup", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/cpu"];
  const found = await Promise.all(
    roots.map(async (root) => {
      const names = await readdir(join(root, "berth"), { withFileTypes: true }).catch(() => []);
      const dirs = names.filter((entry) => entry.isDirectory()).map(({ name }) => join(root, "berth", name));
      const members = await Promise.all(
        dirs.map((dir) => readFile(join(dir, "cgroup.procs"), "utf8").catch(() => "gone")),
      );
      return dirs.filter((_, index) => members[index] === "");
    }),
  );
  return found.flat();
}

const connectDocker = () =>
  new Docker({ socketPath: (process.env["BERTH_DOCKER_HOST"] ?? "/var/run/docker.sock").replace(/^unix:\/\//, "") });

/** Containers and volumes of the data directory's installation. */
async function containers(dir: string): Promise<string[]> {
  const owner = query(dir, "select value from installation where key = 'id'")[0];
  if (owner === undefined) return [];
  const docker = connectDocker();
  const filters = JSON.stringify({ label: [`berth.owner=${owner}`] });
  try {
    const [running, volumes] = await Promise.all([
      docker.listContainers({ all: true, filters }),
      docker.listVolumes({ filters }),
    ]);
    return [
      ...running.map(({ Names }) => `container ${Names.join(" ")}`),
      ...volumes.Volumes.map(({ Name }) => `volume ${Name}`),
    ];
  } catch (error) {
    // Without a daemon there are no containers.
    if (["ENOENT", "ECONNREFUSED"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
}

/** The images of snapshots that the data directory's rollouts started from: they would outlive it. */
export async function removeSnapshotImages(dir: string): Promise<void> {
  const docker = connectDocker();
  for (const key of query(dir, "select distinct snapshot as value from rollouts where snapshot is not null"))
    await docker
      .getImage(`berth/snapshot:${key}`)
      .remove()
      .catch((error: { statusCode?: number }) => {
        if (error.statusCode !== 404) throw error;
      });
}

function query(dir: string, statement: string): string[] {
  const file = join(dir, "berth.db");
  if (!existsSync(file)) return [];
  using database = new DatabaseSync(file, { readOnly: true });
  return database
    .prepare(statement)
    .all()
    .map(({ value }) => String(value));
}
