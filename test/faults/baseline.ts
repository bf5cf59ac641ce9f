import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, readdir, readlink } from "node:fs/promises";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import Docker from "dockerode";
import { label } from "../../src/provider/docker/names.ts";
import type { ClusterNamespace } from "../support/kubernetes-cluster.ts";
import { loopDevicesOf } from "../support/providers.ts";
import type { BackendName } from "./backend.ts";

/** For what is removed after it was told, and for the kernel to let go of it. */
const deadlineMs = 15_000;
const lookAgainMs = 100;

/**
 * What exists on this machine, and in its namespace of a cluster, of one data directory: sandboxes, pods, mounts, cgroups, namespaces, volumes, images, loop devices, files and
 * processes. Found without asking the controller or its provider. What others have on the machine is not looked at.
 */
export class Baseline {
  readonly #dataDir: string;
  readonly #folder: string;
  readonly #backend: BackendName;
  readonly #docker: { readonly socketPath: string };
  readonly #namespace: ClusterNamespace | undefined;
  readonly #living: () => number | undefined;
  /** Prefixes of ids of all sandboxes that there can be, and ids of containers that there were. */
  readonly #names = new Set<string>();
  #before: ReadonlySet<string> = new Set();

  constructor(of: {
    dataDir: string;
    /** In the environment of every controller of the data directory. */
    folder: string;
    backend: BackendName;
    docker: { readonly socketPath: string };
    /** Where the sandboxes are, on kubernetes. */
    namespace?: ClusterNamespace | undefined;
    /** The process id of the controller that runs now. */
    living: () => number | undefined;
  }) {
    this.#dataDir = of.dataDir;
    this.#folder = of.folder;
    this.#backend = of.backend;
    this.#docker = of.docker;
    this.#namespace = of.namespace;
    this.#living = of.living;
  }

  /** A purpose that sandboxes were, or may have been, started for. */
  expect(...purposes: readonly string[]): void {
    for (const purpose of purposes)
      this.#names.add(`b-${createHash("sha256").update(purpose).digest("hex").slice(0, 12)}-`);
  }

  /** What is there now is no leak. */
  async take(): Promise<void> {
    this.#before = new Set(await this.look());
  }

  /**
   * What is there beyond the baseline once it had time to go, of all or of the kinds that a pattern names. From then on it counts as known,
   * so that it is told once.
   */
  async leaks(kinds = /(?:)/): Promise<string[]> {
    const giveUpAt = Date.now() + deadlineMs;
    for (;;) {
      const found = (await this.look()).filter((thing) => kinds.test(thing) && !this.#before.has(thing));
      if (found.length === 0) return [];
      if (Date.now() > giveUpAt) {
        await this.take();
        return found;
      }
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
    }
  }

  async look(): Promise<string[]> {
    const dir = this.#dataDir;
    this.#learnNames();
    const sockets = path.join(
      "/run/berth",
      createHash("sha256").update(path.join(dir, "oci")).digest("hex").slice(0, 12),
    );
    const found = await Promise.all([
      this.#backend === "docker" ? this.#inDocker() : Promise.resolve([]),
      this.#namespace?.things() ?? Promise.resolve([]),
      this.#processes(),
      this.#cgroups(),
      loopDevicesOf(dir).then((lines) => lines.map((line) => `loop device ${line}`)),
      lines("/proc/self/mountinfo", dir).then((all) => all.map((line) => `mount ${line}`)),
      ...["oci/sandboxes", "oci/removed-snapshots", "work"].map((name) => entries(path.join(dir, name))),
      ...["s", "runc", "runsc"].map((name) => entries(path.join(sockets, name))),
      drafts(dir),
      halfSnapshots(dir, this.#backend),
      claimedIds(dir),
      orphans(this.#folder, this.#living()),
      Promise.resolve(this.#intents()),
    ]);
    return found.flat().toSorted();
  }

  /** Every sandbox has an intent before it exists: whoever looks often enough has seen all their names. */
  #learnNames(): void {
    for (const { id } of query(this.#dataDir, "select id from sandbox_intents"))
      this.#names.add(String(id).replace(/[0-9a-f]+$/, ""));
    for (const { id } of query(this.#dataDir, "select id from rollouts"))
      this.expect(String(id), `grade:${String(id)}`);
    for (const { snapshot } of query(
      this.#dataDir,
      "select distinct snapshot from rollouts where snapshot is not null",
    ))
      this.expect(`build:${String(snapshot)}`);
  }

  #intents(): string[] {
    return query(this.#dataDir, "select id, purpose from sandbox_intents").map(
      ({ id, purpose }) => `record of the sandbox ${String(id)} for ${String(purpose)}`,
    );
  }

  #isOurs(text: string): boolean {
    for (const name of this.#names) if (text.includes(name)) return true;
    return false;
  }

  /** Processes in cgroups of ours or whose mounts are over our files, with the namespaces that they hold. */
  async #processes(): Promise<string[]> {
    const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
    const own = (await lines("/proc/self/mountinfo", this.#dataDir)).length;
    const found = await Promise.all(
      pids.map(async (pid) => {
        const [cgroups, mounts] = await Promise.all([
          readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => ""),
          lines(`/proc/${pid}/mountinfo`, this.#dataDir),
        ]);
        if (!this.#isOurs(cgroups) && mounts.length <= own) return [];
        const spaces = await Promise.all(
          ["mnt", "net", "pid", "user"].map((kind) => readlink(`/proc/${pid}/ns/${kind}`).catch(() => `${kind}:gone`)),
        );
        return [`process ${pid} in ${spaces.join(" ")}`];
      }),
    );
    return found.flat();
  }

  async #cgroups(): Promise<string[]> {
    const roots = (await readdir("/sys/fs/cgroup", { withFileTypes: true })).filter((entry) => entry.isDirectory());
    const places = ["/sys/fs/cgroup/berth", ...roots.map(({ name }) => `/sys/fs/cgroup/${name}/berth`)];
    const found = await Promise.all(places.map((place) => entries(place)));
    return found
      .flat()
      .filter((name) => this.#isOurs(name))
      .map((name) => `cgroup ${name}`);
  }

  async #inDocker(): Promise<string[]> {
    const owner = query(this.#dataDir, "select value from installation where key = 'id'")[0]?.["value"];
    if (typeof owner !== "string") return [];
    const docker = new Docker(this.#docker);
    const ofOwner = JSON.stringify({ label: [`${label.owner}=${owner}`] });
    const ofSnapshots = JSON.stringify({ label: [`${label.snapshotOwner}=${owner}`], dangling: ["true"] });
    const helpers = JSON.stringify({ label: [label.guest] });
    const [containers, volumes, images, guests] = await Promise.all([
      docker.listContainers({ all: true, filters: ofOwner }),
      docker.listVolumes({ filters: ofOwner }),
      docker.listImages({ filters: ofSnapshots }),
      docker.listContainers({ all: true, filters: helpers }),
    ]);
    for (const { Id } of containers) this.#names.add(Id);
    return [
      ...containers.map(({ Id, Names }) => `container ${Names.join(" ")} ${Id}`),
      ...volumes.Volumes.map(({ Name }) => `volume ${Name}`),
      ...images.map(({ Id }) => `image without a name ${Id}`),
      ...guests.map(({ Names }) => `container ${Names.join(" ")}`),
    ];
  }
}

async function lines(file: string, part: string): Promise<string[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.split("\n").filter((line) => line.includes(part));
}

const entries = async (folder: string): Promise<string[]> =>
  (await readdir(folder).catch((): string[] => [])).map((name) => path.join(folder, name));

const draft = /\.(?:draft|partial|tmp|stale)/;

async function drafts(dir: string): Promise<string[]> {
  const folders = ["", "oci", "oci/snapshots", "oci/images", "oci/disks", "docker/disks", "mirrors", "manifests/oci"];
  const all = await Promise.all(
    [...folders, "manifests/docker", "manifests/kubernetes"].map((folder) => entries(path.join(dir, folder))),
  );
  return all
    .flat()
    .filter((file) => draft.test(path.basename(file)))
    .map((file) => `half-made ${file}`);
}

/** A snapshot's manifest without its layer, or the other way round; and mirrors into which nothing came. */
async function halfSnapshots(dir: string, backend: BackendName): Promise<string[]> {
  const manifests = (await entries(path.join(dir, "manifests", backend)))
    .map((file) => path.basename(file))
    .filter((name) => /^[0-9a-f]{64}\.json$/.test(name))
    .map((name) => name.slice(0, 64));
  const kept = backend === "oci" ? await readdir(path.join(dir, "oci/snapshots")).catch((): string[] => []) : manifests;
  const mirrors = await entries(path.join(dir, "mirrors"));
  const packs = await Promise.all(mirrors.map((mirror) => entries(path.join(mirror, "objects/pack"))));
  return [
    ...manifests.filter((key) => !kept.includes(key)).map((key) => `manifest of no snapshot ${key}`),
    ...kept.filter((key) => !manifests.includes(key)).map((key) => `snapshot without a manifest ${key}`),
    ...mirrors.filter((_, at) => packs[at]?.length === 0).map((mirror) => `empty mirror ${mirror}`),
  ];
}

/** Ranges of ids for user namespaces that a sandbox of ours still claims. */
async function claimedIds(dir: string): Promise<string[]> {
  const claims = await entries("/run/berth/ids");
  const told = await Promise.all(claims.map(async (file) => `${file} ${await readlink(file).catch(() => "")}`));
  return told.filter((line) => line.includes(dir)).map((line) => `range of ids ${line}`);
}

/** What a controller started on the host and left: processes that name our folder and do not descend from the one that lives. */
async function orphans(folder: string, living: number | undefined): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = new Map<number, number>();
  const ours: { pid: number; command: string }[] = [];
  await Promise.all(
    pids.map(async (pid) => {
      const read = (file: string) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
      const [stat, command, environment] = await Promise.all([read("stat"), read("cmdline"), read("environ")]);
      parents.set(pid, Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
      if (command.includes(folder) || environment.includes(folder)) ours.push({ pid, command });
    }),
  );
  const isOfTheLiving = (pid: number | undefined): boolean =>
    pid !== undefined && pid > 1 && (pid === living || isOfTheLiving(parents.get(pid)));
  return ours
    .filter(({ pid }) => pid !== process.pid && !isOfTheLiving(pid))
    .map(({ pid, command }) => `process ${pid} of no controller: ${command.replaceAll("\0", " ").slice(0, 120)}`);
}

function query(dir: string, statement: string): Record<string, unknown>[] {
  const file = path.join(dir, "berth.db");
  if (!existsSync(file)) return [];
  using database = new DatabaseSync(file, { readOnly: true, timeout: 5_000 });
  try {
    return database.prepare(statement).all();
  } catch (error) {
    // Of a database that a crash left before its tables were made.
    if (String(error).includes("no such table")) return [];
    throw error;
  }
}
