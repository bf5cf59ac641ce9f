import { chmod, mkdir, rm } from "node:fs/promises";
import { connect as dial } from "node:net";
import { dirname, join } from "node:path";
import type { Duplex } from "node:stream";
import { BerthError, toBerthError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { assertEnforceable } from "../enforce.ts";
import { observeHostProcess } from "../host-process.ts";
import { nothingObserved, type Observation } from "../observation.ts";
import type {
  CallOptions,
  Capabilities,
  Provider,
  ResolvedImage,
  SandboxHandle,
  SandboxSpec,
  SandboxState,
  SnapshotStore,
} from "../provider.ts";
import { cgroupPath, cgroupVersion, oomKills, removeCgroups, type CgroupVersion } from "./cgroups.ts";
import { hostDraft, sweepHostDrafts } from "./host-image.ts";
import { IdRanges } from "./id-ranges.ts";
import { resolveImage, type RootfsExporter } from "./images.ts";
import { diskObstacle } from "./disk.ts";
import { isAlive, killAndWait } from "./init-process.ts";
import { ociPaths, sandboxPaths, type OciPaths } from "./paths.ts";
import { listSandboxIds, readSandboxRecord, type IdRange } from "./records.ts";
import { createRunc, type Runc } from "./runc.ts";
import {
  hasSnapshot,
  keepAsSnapshot,
  listSnapshots,
  removeSnapshot,
  removeTree,
  sweepRemovedSnapshots,
} from "./snapshots.ts";
import { startSandbox } from "./start.ts";
import { userNamespaceObstacle } from "./user-namespace.ts";

const CONNECT_DEADLINE_MS = 5_000;
const KILL_DEADLINE_MS = 10_000;

export interface OciProviderOptions {
  readonly dataDir: string;
  readonly runDir?: string;
  /** The static guest for this machine's architecture; also the launcher. */
  readonly guestBinary: string;
  /** sandbox-profiles/seccomp. */
  readonly seccompDir: string;
  /** An OCI runtime with runc's command line. */
  readonly runtime?: string;
  readonly exporter?: RootfsExporter | undefined;
  readonly log: Logger;
}

const ALWAYS = [
  "runtime_runc",
  "network_none",
  "network_host",
  "seccomp",
  "no_new_privs",
  "memory_limit",
  "pids_limit",
  "cpu_limit",
  "oom_reported",
  "root_commands",
  "processes",
] as const;

async function capabilitiesHere(launcher: string, paths: OciPaths): Promise<Provider["capabilities"]> {
  const runtime_runsc =
    "the guest does not start under gVisor, whose release 20221219 refuses the setfsuid that its file access stands on";
  const disk_quota = await diskObstacle();
  const user_namespace = await userNamespaceObstacle({
    launcher,
    scratch: hostDraft(join(paths.images, "trial")),
    root: paths.root,
  });
  const obstacles = { disk_quota, inode_quota: disk_quota, user_namespace };
  const names = Object.keys(obstacles) as (keyof typeof obstacles)[];
  const runc: Capabilities = {
    has: new Set([...ALWAYS, ...names.filter((name) => obstacles[name] === undefined)]),
    gaps: {
      runtime_runsc,
      ...Object.fromEntries(names.flatMap((name) => (obstacles[name] === undefined ? [] : [[name, obstacles[name]]]))),
    },
  };
  return { runc, runsc: runc };
}

/** Sandboxes on this machine by an OCI runtime and overlayfs, without a daemon. Needs root. */
export async function createOciProvider(options: OciProviderOptions): Promise<Provider> {
  const paths = ociPaths(options.dataDir, options.runDir);
  for (const dir of [paths.sandboxes, paths.snapshots, paths.runtimeState, paths.sockets]) {
    await mkdir(dir, { recursive: true, mode: 0o700 });
  }
  await makePassable(dirname(paths.root), 0o711);
  await makePassable(paths.root, 0o755);
  await sweepHostDrafts(paths.images);
  const runc = createRunc({
    binary: options.runtime ?? "runc",
    root: paths.runtimeState,
    launcher: options.guestBinary,
  });
  const capabilities = await capabilitiesHere(options.guestBinary, paths);
  const { has, gaps } = capabilities.runc;
  if (has.has("user_namespace")) options.log.info("profiles that ask for user namespaces get them");
  else options.log.warn({ reason: gaps.user_namespace }, "sandboxes run in the host's user namespace");
  return new OciProvider(options, paths, runc, {
    cgroups: await cgroupVersion(),
    capabilities,
    idRanges: await IdRanges.open(paths.idRanges, await liveRanges(paths)),
  });
}

/** A folder that every user may pass through, and none but root may list or fill beyond `mode`; whatever the umask. */
async function makePassable(dir: string, mode: number): Promise<void> {
  await mkdir(dir, { recursive: true });
  await chmod(dir, mode);
}

async function liveRanges(paths: OciPaths): Promise<(readonly [string, IdRange])[]> {
  const records = await Promise.all((await listSandboxIds(paths)).map((id) => readSandboxRecord(paths, id)));
  return records.flatMap((record) => (record?.ids ? [[record.id, record.ids] as const] : []));
}

class OciProvider implements Provider {
  readonly name = "oci";
  readonly capabilities: Provider["capabilities"];
  readonly snapshots: SnapshotStore;
  readonly #options: OciProviderOptions;
  readonly #paths: OciPaths;
  readonly #runc: Runc;
  readonly #cgroups: CgroupVersion;
  readonly #idRanges: IdRanges;
  readonly #creating = new Map<string, Promise<SandboxHandle>>();
  readonly #resolving = new Map<string, Promise<ResolvedImage>>();

  constructor(
    options: OciProviderOptions,
    paths: OciPaths,
    runc: Runc,
    here: { cgroups: CgroupVersion; capabilities: Provider["capabilities"]; idRanges: IdRanges },
  ) {
    this.#options = options;
    this.#paths = paths;
    this.#runc = runc;
    this.#cgroups = here.cgroups;
    this.#idRanges = here.idRanges;
    this.capabilities = here.capabilities;
    this.snapshots = {
      resolveImage: (name, call) => this.#resolveImage(name, call),
      has: (key) => hasSnapshot(paths, key),
      list: () => listSnapshots(paths),
      remove: (key) => removeSnapshot(paths, key),
      commit: (handle, key) => this.#commit(handle, key),
    };
  }

  /** An image that is not on the disk yet is brought there once, however many ask; who gives up leaves the others to it. */
  #resolveImage(name: string, { signal, ...rest }: CallOptions = {}): Promise<ResolvedImage> {
    const running =
      this.#resolving.get(name) ??
      resolveImage(this.#paths, name, this.#options.exporter, rest).finally(() => this.#resolving.delete(name));
    this.#resolving.set(name, running);
    if (!signal) return running;
    const left = Promise.withResolvers<never>();
    const leave = () => left.reject(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
    return Promise.race([running, left.promise]).finally(() => signal.removeEventListener("abort", leave));
  }

  create(spec: SandboxSpec, call: CallOptions = {}): Promise<SandboxHandle> {
    const running = this.#creating.get(spec.id);
    if (running) return running;
    const creation = this.#create(spec, call).finally(() => this.#creating.delete(spec.id));
    this.#creating.set(spec.id, creation);
    return creation;
  }

  async #create(spec: SandboxSpec, { signal }: CallOptions): Promise<SandboxHandle> {
    assertEnforceable(this.name, this.capabilities, spec);
    const handle: SandboxHandle = { id: spec.id, provider: this.name, labels: spec.labels };
    const record = await readSandboxRecord(this.#paths, spec.id);
    if (record && (await this.inspect(handle)).status === "running") return { ...handle, labels: record.labels };
    if (record) await this.destroy(handle);
    try {
      await startSandbox(spec, {
        paths: this.#paths,
        runc: this.#runc,
        cgroups: this.#cgroups,
        guestBinary: this.#options.guestBinary,
        seccompDir: this.#options.seccompDir,
        takeIds: (folder) => this.#takeIds(spec, folder),
        signal,
      });
      return handle;
    } catch (error) {
      await this.destroy(handle).catch((failure: unknown) => {
        this.#options.log.error(
          { sandbox: spec.id, err: failure },
          "a sandbox that failed to start could not be removed",
        );
      });
      throw toBerthError(error, "sandbox_create_failed");
    }
  }

  async #takeIds({ id, profile }: SandboxSpec, folder: string): Promise<IdRange | undefined> {
    if (profile.user_namespace === "never" || !this.capabilities.runc.has.has("user_namespace")) return undefined;
    const ids = await this.#idRanges.take(id, folder);
    if (!ids)
      throw new BerthError("sandbox_create_failed", "Every range of ids for user namespaces is lent to a sandbox.");
    return ids;
  }

  async connect(handle: SandboxHandle, { signal }: CallOptions = {}): Promise<Duplex> {
    const { socket } = sandboxPaths(this.#paths, handle.id);
    const stream = dial(socket);
    try {
      await new Promise<void>((resolve, reject) => {
        stream.once("connect", resolve);
        stream.once("error", reject);
        const end = AbortSignal.any([AbortSignal.timeout(CONNECT_DEADLINE_MS), ...(signal ? [signal] : [])]);
        end.addEventListener("abort", () => reject(end.reason), { once: true });
      });
      return stream;
    } catch (error) {
      stream.destroy();
      throw new BerthError("sandbox_lost", `The sandbox ${handle.id} does not answer on its socket.`, { cause: error });
    }
  }

  async inspect(handle: SandboxHandle): Promise<SandboxState> {
    if (!(await readSandboxRecord(this.#paths, handle.id))) return { status: "gone" };
    const init = await this.#runc.process(handle.id);
    const kills = await oomKills(this.#cgroups, handle.id);
    if (init && (await isAlive(init))) return { status: "running", oomKills: kills };
    return { status: "exited", code: null, oom: (kills ?? 0) > 0 };
  }

  async observe(handle: SandboxHandle): Promise<Observation> {
    const init = await this.#runc.process(handle.id);
    const seen = init && (await observeHostProcess({ pid: init.pid, cgroup: cgroupPath(handle.id), role: "guest" }));
    if (!seen) throw new BerthError("sandbox_lost", `The sandbox ${handle.id} is not running.`);
    return { ...nothingObserved, ...seen };
  }

  async destroy(handle: SandboxHandle): Promise<void> {
    const sandbox = sandboxPaths(this.#paths, handle.id);
    await this.#stop(handle.id);
    await rm(sandbox.socket, { force: true });
    await removeTree(sandbox.dir);
    await this.#idRanges.release(handle.id, sandbox.dir);
    await sweepRemovedSnapshots(this.#paths);
  }

  async list(owner: string): Promise<SandboxHandle[]> {
    const records = await Promise.all(
      (await listSandboxIds(this.#paths)).map((id) => readSandboxRecord(this.#paths, id)),
    );
    return records.flatMap((record) =>
      record?.labels.owner === owner ? [{ id: record.id, provider: this.name, labels: record.labels }] : [],
    );
  }

  async close(): Promise<void> {}

  /** Ends every process of the sandbox and the runtime's record of it; the files stay. */
  async #stop(id: string): Promise<void> {
    const init = await this.#runc.process(id);
    if (init && !(await killAndWait(init, KILL_DEADLINE_MS))) {
      throw new BerthError(
        "teardown_failed",
        `The sandbox ${id} did not end within ${KILL_DEADLINE_MS} ms of SIGKILL.`,
      );
    }
    if (init) await this.#runc.remove(id);
    await removeCgroups(this.#cgroups, id);
  }

  async #commit(handle: SandboxHandle, key: string): Promise<void> {
    const record = await readSandboxRecord(this.#paths, handle.id);
    if (!record) throw new BerthError("sandbox_lost", `The sandbox ${handle.id} is gone.`);
    await this.#stop(handle.id);
    if (!(await hasSnapshot(this.#paths, key))) await keepAsSnapshot(this.#paths, record, key);
    await this.destroy(handle);
  }
}
