import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { controllerFigures, guestsOf } from "../../bench/process-figures.ts";
import { controllerKey, type ControllerProcess } from "../support/controller-process.ts";

/** What a controller and its data directory take of the machine at one moment. */
export interface Sample {
  /** Since the load began; below 0 before it. */
  readonly seconds: number;
  /** Counts the controllers: another one after each kill. */
  readonly life: number;
  /** MiB. */
  readonly resident: number;
  /** MiB of JavaScript. */
  readonly heap: number;
  readonly descriptors: number;
  readonly mounts: number;
  readonly cgroups: number;
  readonly sandboxes: number;
  readonly zombies: number;
  readonly inodes: number;
  /** MiB, the log of writes included. */
  readonly database: number;
}

export type Figure = Exclude<keyof Sample, "seconds" | "life">;

const MEGABYTE = 1024 * 1024;

/** Looks at one controller and its successors on a data directory. */
export class Sampler {
  readonly #dataDir: string;
  /** Ids of sandboxes that were there at any look: whose cgroups are ours. */
  readonly #seen = new Set<string>();

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
  }

  async noteSandboxes(): Promise<void> {
    for (const id of await names(join(this.#dataDir, "oci/sandboxes"))) this.#seen.add(id);
  }

  async sample(controller: ControllerProcess, { seconds, life }: { seconds: number; life: number }): Promise<Sample> {
    await this.noteSandboxes();
    const { memory, descriptors } = await controllerFigures(controller.pid);
    const [heap, mounts, cgroups, guests, zombies, inodes, database] = await Promise.all([
      heapOf(controller),
      this.#mountsOf(controller.pid),
      this.#cgroups(),
      guestsOf(this.#dataDir),
      zombiesOf(controller.pid),
      inodesOf(this.#dataDir),
      databaseBytes(this.#dataDir),
    ]);
    return {
      seconds,
      life,
      resident: memory,
      heap: heap / MEGABYTE,
      descriptors,
      mounts,
      cgroups,
      sandboxes: guests.length,
      zombies,
      inodes,
      database: database / MEGABYTE,
    };
  }

  /** Whether a line of what is left may be of this data directory: cgroups of others on this machine come and go. */
  isOurs(trace: string): boolean {
    return !trace.startsWith("cgroup ") || [...this.#seen].some((id) => trace.endsWith(id));
  }

  /** Those of the data directory that the controller sees. */
  async #mountsOf(pid: number): Promise<number> {
    const text = await readFile(`/proc/${pid}/mountinfo`, "utf8");
    return text.split("\n").filter((line) => line.includes(this.#dataDir)).length;
  }

  async #cgroups(): Promise<number> {
    const roots = ["/sys/fs/cgroup", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/cpu"];
    const all = await Promise.all(roots.map((root) => names(join(root, "berth"))));
    return all.flat().filter((name) => this.#seen.has(name)).length;
  }
}

const names = (folder: string): Promise<string[]> => readdir(folder).catch((): string[] => []);

async function heapOf({ url }: ControllerProcess): Promise<number> {
  const headers = { authorization: `Bearer ${controllerKey}` };
  const reply = await fetch(`${url}/metrics`, { headers, signal: AbortSignal.timeout(10_000) });
  return Number(/^nodejs_heap_size_used_bytes (\S+)$/m.exec(await reply.text())?.[1]);
}

/** Dead processes that nobody waited for: children of the controller, and of those that start its sandboxes. */
async function zombiesOf(controller: number): Promise<number> {
  const parents = new Map<number, { parent: number; dead: boolean }>();
  for (const pid of (await names("/proc")).filter((name) => /^\d+$/.test(name))) {
    const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    const [state, parent] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    parents.set(Number(pid), { parent: Number(parent), dead: state === "Z" });
  }
  const isOurs = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined && at > 1; at = parents.get(at)?.parent)
      if (at === controller) return true;
    return false;
  };
  return [...parents].filter(([pid, { dead }]) => dead && isOurs(pid)).length;
}

/** Files and folders; what goes meanwhile counts or not. */
const inodesOf = async (folder: string): Promise<number> =>
  (await readdir(folder, { recursive: true }).catch((): string[] => [])).length;

async function databaseBytes(folder: string): Promise<number> {
  const files = ["berth.db", "berth.db-wal", "berth.db-shm"].map((name) => join(folder, name));
  const sizes = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
