import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { crashPoint } from "../core/crash-point.ts";
import { withDeadline } from "../core/deadline.ts";
import { BerthError } from "../core/errors.ts";
import { exists } from "../core/exists.ts";
import { lock } from "../core/lock-file.ts";
import type { Guest } from "../guest/guest.ts";
import type { TreeEntry } from "../model/change-set.ts";
import type { Environment } from "../model/environment.ts";
import type { Profile } from "../model/profile.ts";
import type { Provider, ResolvedImage, SandboxBase, SandboxHandle } from "../provider/provider.ts";
import type { BuildCall } from "./build-call.ts";
import { checkOut } from "./checkout.ts";
import { contentKey, recipeOf } from "./content-key.ts";
import type { GitOptions } from "./git.ts";
import type { Manifests } from "./manifest.ts";
import type { Mirrors } from "./mirror.ts";
import { RecentImages } from "./recent-images.ts";
import { sendTree } from "./send-tree.ts";
import { runSetup } from "./setup.ts";
import { SingleFlight } from "./single-flight.ts";
import { Uses } from "./uses.ts";

/** A sandbox in which a snapshot is built; disposing of it destroys it if it was not committed. */
export interface BuildSandbox extends AsyncDisposable {
  readonly handle: SandboxHandle;
  readonly guest: Guest;
}

export interface BuildRequest {
  readonly purpose: string;
  readonly base: SandboxBase;
  readonly profile: Profile;
  readonly resources: Environment["resources"];
  readonly workdir: string;
  readonly lifetimeMs: number;
  readonly signal?: AbortSignal;
}

export interface SnapshotBuilderOptions {
  readonly provider: Provider;
  readonly mirrors: Mirrors;
  readonly manifests: Manifests;
  /** Short-lived work trees of ours. */
  readonly workDir: string;
  readonly openSandbox: (request: BuildRequest) => Promise<BuildSandbox>;
  /** The profile of setup steps: root inside, a network when the environment asks for one. */
  readonly trustedProfile: Profile;
  readonly processEnv: GitOptions["processEnv"];
  /** Hears of each snapshot that was built; whoever wants it waits. */
  readonly onBuilt?: (key: string, environment: string) => Promise<void>;
  /** Hears of each that was removed. */
  readonly onRemoved?: (key: string, why: string) => Promise<void>;
  /** Hears that a snapshot is about to be removed, as soon as nobody leases it. */
  readonly onRemoving?: (key: string) => Promise<void>;
}

/** A snapshot that is there, and is not removed until this is disposed of: for as long as a sandbox is started from it. */
export interface SnapshotLease extends Disposable {
  readonly key: string;
  /** False when it was there already. */
  readonly built: boolean;
}

/** A snapshot of this installation, as it lies on the disk. */
export interface KeptSnapshot {
  readonly key: string;
  /** `recipeOf` the environment that it was built from; undefined when its manifest is gone. */
  readonly recipe: string | undefined;
  /** With its manifest. */
  readonly bytes: number;
  /** Unix milliseconds. */
  readonly builtAtMs: number;
  /** Unix milliseconds, right to a minute. */
  readonly lastUsedMs: number;
}

const MAX_ENTRIES = 500_000;
const MAX_FILE_BYTES = 1024 * 1024 * 1024;
const BUILD_MARGIN_MS = 600_000;
/** For a build in another process: longer than setup may take. */
const PATIENCE_MS = 7_200_000;

/** Turns environments into snapshots: once for each content key, however many ask at the same time. */
export class SnapshotBuilder {
  readonly #options: SnapshotBuilderOptions;
  readonly #flights = new SingleFlight<boolean>();
  readonly #uses: Uses;
  readonly #images: RecentImages;

  constructor(options: SnapshotBuilderOptions) {
    this.#options = options;
    this.#images = new RecentImages((name, call) => options.provider.snapshots.resolveImage(name, call));
    this.#uses = new Uses((key) => options.manifests.file(key));
  }

  /**
   * The environment's snapshot, built unless it is there.
   * @throws BerthError `image_not_found`, `repository_unreachable`, `commit_not_found`, `setup_failed`, and those of
   * creating a sandbox. Nothing half-made remains.
   */
  async ensure(environment: Environment, call: BuildCall = {}): Promise<SnapshotLease> {
    const image = await this.#images.resolve(environment.image, call);
    const key = contentKey(environment, image);
    return this.#leased(key, () => this.#ensure(key, environment, image, call));
  }

  /**
   * The very snapshot that something of this environment started from, built again if it was evicted.
   * @throws BerthError `sandbox_create_failed` when it is gone and its image has changed since; those of `ensure`
   */
  async restore(key: string, environment: Environment, call: BuildCall = {}): Promise<SnapshotLease> {
    return this.#leased(key, async () => {
      if (await this.#isThere(key)) return false;
      const image = await this.#options.provider.snapshots.resolveImage(environment.image, call);
      if (contentKey(environment, image) !== key) {
        throw new BerthError(
          "sandbox_create_failed",
          `The snapshot ${key} is gone, and the image ${environment.image} is another one now.`,
        );
      }
      return this.#ensure(key, environment, image, call);
    });
  }

  async #leased(key: string, ensure: () => Promise<boolean>): Promise<SnapshotLease> {
    const hold = await this.#uses.hold(key);
    crashPoint("build.leased");
    try {
      const built = await ensure();
      return { key, built, [Symbol.dispose]: () => hold[Symbol.dispose]() };
    } catch (error) {
      hold[Symbol.dispose]();
      throw error;
    }
  }

  /** Of a key that is held. Gives whether it was built. */
  #ensure(key: string, environment: Environment, image: ResolvedImage, call: BuildCall): Promise<boolean> {
    const work = async (signal: AbortSignal) => {
      // Whoever waits may leave before what was begun is tidied up.
      using _hold = this.#uses.extend(key);
      if (await this.#isThere(key)) return false;
      // Another process of this data directory may be building it.
      const file = join(dirname(this.#options.workDir), "locks", `build-${key}`);
      const alone = (patience: AbortSignal) => lock(file, patience);
      await using _alone = await withDeadline("waiting for another process's build", PATIENCE_MS, alone, {
        parent: signal,
      });
      if (await this.#isThere(key)) return false;
      await this.#build(key, environment, image, { ...call, signal }).catch((error: unknown) => {
        throw asOfTheTask(error);
      });
      await this.#options.onBuilt?.(key, environment.name);
      return true;
    };
    return this.#flights.run(key, work, call.signal);
  }

  /** Those that this owner's sandboxes became. */
  async kept(owner: string): Promise<readonly KeptSnapshot[]> {
    const { provider, manifests } = this.#options;
    const recipes = new Map((await manifests.origins()).map(({ key, recipe }) => [key, recipe]));
    const listed = await provider.snapshots.list();
    // One without a name on it is ours when we have its manifest.
    const ours = await Promise.all(
      listed.map(async (one) => (one.owner === null ? manifests.has(one.key) : one.owner === owner)),
    );
    const own = listed.filter((_snapshot, index) => ours[index]);
    return Promise.all(
      own.map(async ({ key, bytes, createdAtMs }) => ({
        key,
        recipe: recipes.get(key),
        builtAtMs: createdAtMs,
        bytes: bytes + (await manifests.bytes(key)),
        lastUsedMs: (await this.#uses.lastUsedMs(key)) ?? createdAtMs,
      })),
    );
  }

  /** A lease of its own, for whoever goes on using a snapshot that someone leases now. */
  hold(key: string): Disposable {
    return this.#uses.extend(key);
  }

  /** Whether something is being built or started from it in this process. */
  isLeased(key: string): boolean {
    return this.#uses.isHeld(key);
  }

  /** False when it came to be used since `unlessUsedSinceMs`, Unix milliseconds, and stays. */
  evict(key: string, unlessUsedSinceMs: number): Promise<boolean> {
    return this.#uses.removeUnused(key, unlessUsedSinceMs, () => this.#drop(key, "evicted"));
  }

  /** Work trees of processes that were killed while they built. */
  async leftWorkTrees(): Promise<string[]> {
    const left: string[] = [];
    for (const name of await readdir(this.#options.workDir).catch((): string[] => [])) {
      const pid = /^tree-(\d+)-/.exec(name)?.[1];
      if (pid !== undefined && !(await exists(`/proc/${pid}`))) left.push(join(this.#options.workDir, name));
    }
    return left;
  }

  async sweepWorkTrees(): Promise<void> {
    for (const path of await this.leftWorkTrees()) await rm(path, { recursive: true, force: true });
  }

  /** The files of a snapshot's workspace. @throws BerthError `internal` when the snapshot is unknown */
  async tree(key: string): Promise<readonly TreeEntry[]> {
    const tree = await this.#options.manifests.read(key);
    if (!tree) throw new BerthError("internal", `The manifest of snapshot ${key} is missing.`);
    return tree;
  }

  /** Waits for builds of it and for sandboxes that are started from it. @throws BerthError `deadline_exceeded` after 10 minutes */
  async remove(environment: Environment): Promise<boolean> {
    const image = await this.#options.provider.snapshots.resolveImage(environment.image);
    const key = contentKey(environment, image);
    let there = false;
    const removal = this.#uses.removeWhenFree(key, async () => {
      there = await this.#isThere(key);
      await this.#drop(key, "its environment was to have none");
    });
    await Promise.all([removal, this.#options.onRemoving?.(key)]);
    return there;
  }

  async #drop(key: string, why: string): Promise<void> {
    await this.#options.provider.snapshots.remove(key);
    await this.#options.manifests.remove(key);
    await this.#options.onRemoved?.(key, why);
  }

  async #isThere(key: string): Promise<boolean> {
    const { provider, manifests } = this.#options;
    const [snapshot, manifest] = await Promise.all([provider.snapshots.has(key), manifests.has(key)]);
    return snapshot && manifest;
  }

  async #build(
    key: string,
    environment: Environment,
    image: ResolvedImage,
    call: { signal: AbortSignal; onProgress?: (message: string) => void },
  ): Promise<void> {
    const { provider, trustedProfile, openSandbox, manifests } = this.#options;
    await provider.snapshots.remove(key);
    await using tree = await this.#fetch(environment, call);
    crashPoint("build.checked-out");
    // A long fetch must not let the image go: it was last used just now, and from its start on the sandbox stands on it.
    await provider.snapshots.resolveImage(environment.image, call);
    const network = environment.setup_network && environment.setup.length > 0 ? trustedProfile.network : "none";
    await using sandbox = await openSandbox({
      purpose: `build:${key}`,
      base: { kind: "image", image },
      profile: { ...trustedProfile, network },
      // What setup writes becomes part of the snapshot; the limit is for what rollouts write on top.
      resources: { ...environment.resources, disk_mb: undefined, inodes: undefined },
      workdir: environment.workdir,
      lifetimeMs: environment.setup_seconds * 1000 + BUILD_MARGIN_MS,
      signal: call.signal,
    });
    crashPoint("build.sandbox-ready");
    const { guest } = sandbox;
    if (tree.path !== undefined) await sendTree(tree.path, guest, { timeoutMs: BUILD_MARGIN_MS, ...call });
    await runSetup(environment, guest, call);
    crashPoint("build.set-up");
    call.onProgress?.("listing the workspace");
    await guest.own("", { timeoutMs: BUILD_MARGIN_MS, signal: call.signal });
    await guest.quiesce({ signal: call.signal });
    const files = await guest.tree(
      { exclude: [".git"], maxEntries: MAX_ENTRIES, maxFileBytes: MAX_FILE_BYTES },
      { timeoutMs: BUILD_MARGIN_MS, signal: call.signal },
    );
    call.signal.throwIfAborted();
    call.onProgress?.(`keeping the snapshot, ${files.length} files and folders in its workspace`);
    await manifests.write(key, files, recipeOf(environment));
    crashPoint("build.manifest-written");
    try {
      await provider.snapshots.commit(sandbox.handle, key, call);
      crashPoint("build.committed");
    } catch (error) {
      await manifests.remove(key);
      throw error;
    }
  }

  /** The work tree of the environment's commit in a folder that is removed afterwards; none without a repository. */
  async #fetch({ repo }: Environment, call: BuildCall): Promise<{ path: string | undefined } & AsyncDisposable> {
    if (!repo) return { path: undefined, [Symbol.asyncDispose]: async () => {} };
    const { mirrors, workDir, processEnv } = this.#options;
    using mirror = await mirrors.ensure({ url: repo.url, commit: repo.commit, ...call });
    await mkdir(workDir, { recursive: true, mode: 0o700 });
    const path = await mkdtemp(join(workDir, `tree-${process.pid}-`));
    const dispose = () => rm(path, { recursive: true, force: true });
    try {
      call.onProgress?.(`checking out ${repo.commit.slice(0, 12)}`);
      await checkOut(mirror.path, repo, path, { processEnv, signal: call.signal, onProgress: call.onProgress });
      return { path, [Symbol.asyncDispose]: dispose };
    } catch (error) {
      await dispose();
      throw error;
    }
  }
}

/** What no policy has touched yet cannot be a policy's doing: a tree too large for its disk is the environment's fault. */
function asOfTheTask(thrown: unknown): unknown {
  if (!(thrown instanceof BerthError) || thrown.causedBy !== "policy") return thrown;
  return new BerthError("setup_failed", `The workspace could not be filled: ${thrown.message}`, {
    cause: thrown,
    remedy: "Raise the environment's resources, or make its repository or its setup smaller.",
  });
}
