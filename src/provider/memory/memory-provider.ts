import { systemClock, type Clock } from "../../core/clock.ts";
import { BerthError, toBerthError } from "../../core/errors.ts";
import { systemIds, type IdSource } from "../../core/ids.ts";
import { assertEnforceable } from "../enforce.ts";
import {
  noImageCopies,
  type Capabilities,
  type Provider,
  type SandboxHandle,
  type SandboxSpec,
  type SnapshotStore,
} from "../provider.ts";
import { imageTree, resolveImage, type ImageFiles } from "./images.ts";
import { MemorySandbox } from "./memory-sandbox.ts";
import { recorded } from "./observe.ts";
import { standardPrograms } from "./shell/programs.ts";
import type { Program } from "./shell/shell.ts";
import { sizeOf } from "./tree/nodes.ts";
import { MemoryWorld } from "./world.ts";

const defaultDiskBytes = 256 * 1024 * 1024;
const name = "memory";

const capabilities: Capabilities = {
  has: new Set([
    "runtime_runc",
    "network_none",
    "network_host",
    "seccomp",
    "no_new_privs",
    "memory_limit",
    "pids_limit",
    "cpu_limit",
    "disk_quota",
    "inode_quota",
    "root_commands",
  ]),
  gaps: {
    user_namespace: "commands are interpreted, there are no users of a kernel",
    runtime_runsc: "commands are interpreted, there is no runtime",
    oom_reported: "commands are interpreted and hold no memory of their own",
    job_control: "commands are interpreted, there are no terminals",
    guest_hidden: "commands are interpreted, there is no guest",
    processes: "commands are interpreted, there are no processes",
  },
};

export interface MemoryProviderOptions {
  /** Shared by providers that stand for one machine; a new one when it is left out. */
  readonly world?: MemoryWorld;
  /** Further images by name; `host` and `memory` are always there. */
  readonly images?: Readonly<Record<string, ImageFiles>>;
  /** Further programs by name, for tests that need one. */
  readonly programs?: Readonly<Record<string, Program>>;
  readonly clock?: Clock;
  readonly ids?: IdSource;
}

/**
 * A fake for tests, held to the conformance suite: sandboxes are file trees in this process, commands are interpreted
 * by a small shell (`shell/`), and nothing touches the machine. It isolates nothing because nothing runs.
 */
export function createMemoryProvider(options: MemoryProviderOptions = {}): Provider {
  return new MemoryProvider(options);
}

class MemoryProvider implements Provider {
  readonly name = name;
  readonly capabilities = { runc: capabilities, runsc: capabilities };
  readonly snapshots: SnapshotStore;
  readonly imageCopies = noImageCopies;
  readonly residue = async () => [];
  readonly #world: MemoryWorld;
  readonly #images: Readonly<Record<string, ImageFiles>>;
  readonly #programs: ReadonlyMap<string, Program>;
  readonly #clock: Clock;
  readonly #ids: IdSource;

  constructor(options: MemoryProviderOptions) {
    this.#world = options.world ?? new MemoryWorld();
    this.#images = options.images ?? {};
    this.#programs = new Map([...standardPrograms, ...Object.entries(options.programs ?? {})]);
    this.#clock = options.clock ?? systemClock;
    this.#ids = options.ids ?? systemIds;
    const { snapshots } = this.#world;
    this.snapshots = {
      resolveImage: async (image) => resolveImage(this.#images, image),
      has: async (key) => snapshots.has(key),
      commit: (handle, key) => this.#commit(handle, key),
      list: async () =>
        [...snapshots].map(([key, { createdAtMs, bytes, owner }]) => ({ key, createdAtMs, bytes, owner })),
      remove: async (key) => void snapshots.delete(key),
    };
  }

  async create(spec: SandboxSpec, { signal }: { signal?: AbortSignal } = {}): Promise<SandboxHandle> {
    assertEnforceable(name, this.capabilities, spec);
    if (!/^[a-z0-9-]{1,63}$/.test(spec.id))
      throw new BerthError("sandbox_create_failed", `${spec.id} is no id of a sandbox.`);
    signal?.throwIfAborted();
    const before = this.#world.sandboxes.get(spec.id);
    if (before?.state.status === "running") return before.handle;
    try {
      const tree = this.#baseTree(spec);
      tree.makeDirectories(spec.workdir);
      const sandbox = new MemorySandbox(spec, tree, {
        provider: name,
        bootId: this.#ids.hex(16),
        lifetimeMs: spec.expiresAtMs - this.#clock.now(),
        programs: this.#programs,
      });
      this.#world.sandboxes.set(spec.id, sandbox);
      return sandbox.handle;
    } catch (thrown) {
      throw toBerthError(thrown, "sandbox_create_failed");
    }
  }

  async connect(handle: SandboxHandle): ReturnType<Provider["connect"]> {
    return this.#find(handle).connect();
  }

  async inspect(handle: SandboxHandle): ReturnType<Provider["inspect"]> {
    return this.#world.sandboxes.get(handle.id)?.state ?? { status: "gone" };
  }

  async observe(handle: SandboxHandle): ReturnType<Provider["observe"]> {
    const { spec, state } = this.#find(handle);
    if (state.status !== "running") throw new BerthError("sandbox_lost", `The sandbox ${handle.id} has exited.`);
    return recorded(spec);
  }

  async destroy(handle: SandboxHandle): Promise<void> {
    await this.#world.sandboxes.get(handle.id)?.stop(137);
    this.#world.sandboxes.delete(handle.id);
  }

  async list(owner: string): Promise<readonly SandboxHandle[]> {
    return [...this.#world.sandboxes.values()]
      .map(({ handle }) => handle)
      .filter(({ labels }) => labels.owner === owner);
  }

  async close(): Promise<void> {}

  async #commit(handle: SandboxHandle, key: string): Promise<void> {
    const { snapshots } = this.#world;
    if (!/^[0-9a-f]{64}$/.test(key)) throw new BerthError("internal", `${key} is no key of a snapshot.`);
    const sandbox = this.#world.sandboxes.get(handle.id);
    if (sandbox === undefined && !snapshots.has(key))
      throw new BerthError("sandbox_lost", `The sandbox ${handle.id} is gone.`);
    await sandbox?.stop(0);
    if (sandbox && !snapshots.has(key)) {
      const tree = sandbox.tree.copy();
      const bytes = sizeOf(tree.root);
      snapshots.set(key, { tree, createdAtMs: this.#clock.now(), bytes, owner: sandbox.handle.labels.owner });
    }
    await this.destroy(handle);
  }

  #baseTree({ base, resources }: SandboxSpec): ReturnType<typeof imageTree> {
    const bytes = resources.disk_mb === undefined ? defaultDiskBytes : resources.disk_mb * 1024 * 1024;
    const limits = { bytes, nodes: resources.inodes ?? Infinity };
    if (base.kind === "image") return imageTree(this.#images, base.image.location, limits);
    const snapshot = this.#world.snapshots.get(base.key);
    if (snapshot === undefined) throw new BerthError("sandbox_create_failed", `There is no snapshot ${base.key}.`);
    return snapshot.tree.copy(limits);
  }

  #find(handle: SandboxHandle): MemorySandbox {
    const sandbox = this.#world.sandboxes.get(handle.id);
    if (sandbox === undefined) throw new BerthError("sandbox_lost", `The sandbox ${handle.id} is gone.`);
    return sandbox;
  }
}
