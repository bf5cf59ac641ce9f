import { spawn } from "node:child_process";
import { access, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { BerthError } from "../core/errors.ts";
import type { Guest } from "../guest/guest.ts";
import type { TreeEntry } from "../model/change-set.ts";
import type { Environment } from "../model/environment.ts";
import type { Profile } from "../model/profile.ts";
import type { Provider, ResolvedImage, SandboxBase, SandboxHandle } from "../provider/provider.ts";
import { checkOut } from "./checkout.ts";
import { contentKey } from "./content-key.ts";
import type { GitOptions } from "./git.ts";
import type { Manifests } from "./manifest.ts";
import type { Mirrors } from "./mirror.ts";
import { SingleFlight } from "./single-flight.ts";

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
}

export interface BuiltSnapshot {
  readonly key: string;
  /** False when it was there already. */
  readonly built: boolean;
}

const MAX_ENTRIES = 500_000;
const MAX_FILE_BYTES = 1024 * 1024 * 1024;
const BUILD_MARGIN_MS = 600_000;
const PATH_OF_PROGRAMS = "/usr/local/bin:/usr/bin:/bin";

/** Turns environments into snapshots: once for each content key, however many ask at the same time. */
export class SnapshotBuilder {
  readonly #options: SnapshotBuilderOptions;
  readonly #flights = new SingleFlight<BuiltSnapshot>();

  constructor(options: SnapshotBuilderOptions) {
    this.#options = options;
  }

  /**
   * @throws BerthError `image_not_found`, `repository_unreachable`, `commit_not_found`, `setup_failed`, and those of
   * creating a sandbox. Nothing half-made remains.
   */
  async ensure(
    environment: Environment,
    call: { signal?: AbortSignal; onProgress?: (message: string) => void } = {},
  ): Promise<BuiltSnapshot> {
    const image = await this.#options.provider.snapshots.resolveImage(environment.image, call);
    const key = contentKey(environment, image);
    return this.#flights.run(
      key,
      async (signal) => {
        if (await this.#isThere(key)) return { key, built: false };
        await this.#build(key, environment, image, { ...call, signal }).catch((error: unknown) => {
          throw asOfTheTask(error);
        });
        return { key, built: true };
      },
      call.signal,
    );
  }

  /** Work trees of a process that was killed while it built. */
  async sweepWorkTrees(): Promise<void> {
    const names = await readdir(this.#options.workDir).catch((): string[] => []);
    for (const name of names) {
      const pid = /^tree-(\d+)-/.exec(name)?.[1];
      if (pid !== undefined && !(await isRunning(pid)))
        await rm(join(this.#options.workDir, name), { recursive: true, force: true });
    }
  }

  /** The files of a snapshot's workspace. @throws BerthError `internal` when the snapshot is unknown */
  async tree(key: string): Promise<readonly TreeEntry[]> {
    const tree = await this.#options.manifests.read(key);
    if (!tree) throw new BerthError("internal", `The manifest of snapshot ${key} is missing.`);
    return tree;
  }

  async remove(environment: Environment): Promise<boolean> {
    const image = await this.#options.provider.snapshots.resolveImage(environment.image);
    const key = contentKey(environment, image);
    const there = await this.#isThere(key);
    await this.#options.provider.snapshots.remove(key);
    await this.#options.manifests.remove(key);
    return there;
  }

  async #isThere(key: string): Promise<boolean> {
    const [snapshot, manifest] = await Promise.all([
      this.#options.provider.snapshots.has(key),
      this.#options.manifests.read(key),
    ]);
    return snapshot && manifest !== undefined;
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
    const { guest } = sandbox;
    if (tree.path !== undefined) {
      call.onProgress?.("copying the work tree");
      await sendTree(tree.path, guest, call.signal);
    }
    await runSetup(environment, guest, call);
    await guest.own("", { timeoutMs: BUILD_MARGIN_MS, signal: call.signal });
    await guest.quiesce({ signal: call.signal });
    const files = await guest.tree(
      { exclude: [".git"], maxEntries: MAX_ENTRIES, maxFileBytes: MAX_FILE_BYTES },
      { timeoutMs: BUILD_MARGIN_MS, signal: call.signal },
    );
    call.signal.throwIfAborted();
    call.onProgress?.("keeping the snapshot");
    await manifests.write(key, files);
    try {
      await provider.snapshots.commit(sandbox.handle, key, call);
    } catch (error) {
      await manifests.remove(key);
      throw error;
    }
  }

  /** The work tree of the environment's commit in a folder that is removed afterwards; none without a repository. */
  async #fetch(
    { repo }: Environment,
    call: { signal?: AbortSignal; onProgress?: (message: string) => void },
  ): Promise<{ path: string | undefined } & AsyncDisposable> {
    if (!repo) return { path: undefined, [Symbol.asyncDispose]: async () => {} };
    const { mirrors, workDir, processEnv } = this.#options;
    const mirror = await mirrors.ensure({ url: repo.url, commit: repo.commit, ...call });
    await mkdir(workDir, { recursive: true, mode: 0o700 });
    const path = await mkdtemp(join(workDir, `tree-${process.pid}-`));
    const dispose = () => rm(path, { recursive: true, force: true });
    try {
      call.onProgress?.(`checking out ${repo.commit.slice(0, 12)}`);
      await checkOut(mirror, repo, path, { processEnv, signal: call.signal, onProgress: call.onProgress });
      return { path, [Symbol.asyncDispose]: dispose };
    } catch (error) {
      await dispose();
      throw error;
    }
  }
}

/** Streams a tree of ours into the workspace as tar; links are sent as links. */
async function sendTree(path: string, guest: Guest, signal: AbortSignal | undefined): Promise<void> {
  const tar = spawn(
    "tar",
    ["--create", "--file=-", "--numeric-owner", "--owner=0", "--group=0", "--sort=name", "--directory", path, "."],
    {
      stdio: ["ignore", "pipe", "ignore"],
      // Its own environment variables could bend it.
      env: { PATH: PATH_OF_PROGRAMS, LC_ALL: "C" },
    },
  );
  const ended = new Promise<number | null>((done, fail) => {
    tar.once("error", fail);
    tar.once("close", done);
  });
  try {
    const options = { timeoutMs: BUILD_MARGIN_MS, ...(signal ? { signal } : {}) };
    const [code] = await Promise.all([ended, guest.unpack("", tar.stdout, options)]);
    if (code !== 0) throw new BerthError("internal", `tar ended with ${code} while the work tree was read.`);
  } finally {
    tar.stdout.destroy();
    tar.kill("SIGKILL");
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

const isRunning = (pid: string): Promise<boolean> =>
  access(`/proc/${pid}`).then(
    () => true,
    () => false,
  );

async function runSetup(
  environment: Environment,
  guest: Guest,
  call: { signal?: AbortSignal; onProgress?: (message: string) => void },
): Promise<void> {
  const deadline = performance.now() + environment.setup_seconds * 1000;
  for (const [index, step] of environment.setup.entries()) {
    call.onProgress?.(`setup ${index + 1} of ${environment.setup.length}: ${step}`);
    const timeoutMs = Math.max(1, Math.floor(deadline - performance.now()));
    const result = await guest.exec(
      {
        callId: `setup-${index}`,
        argv: ["/bin/sh", "-c", step],
        env: { HOME: "/root", DEBIAN_FRONTEND: "noninteractive", ...environment.env },
        timeoutMs,
        headBytes: 4096,
        tailBytes: 8192,
        user: "root",
      },
      call.signal ? { signal: call.signal } : {},
    );
    if (result.outcome.type === "exited" && result.outcome.code === 0) continue;
    const how = result.outcome.type === "exited" ? `exit status ${result.outcome.code}` : result.outcome.type;
    const said = `${result.stdout.head}${result.stdout.tail}\n${result.stderr.head}${result.stderr.tail}`
      .trim()
      .slice(-4000);
    throw new BerthError("setup_failed", `Setup step ${index + 1} (${step.slice(0, 200)}) ended with ${how}:\n${said}`);
  }
}
