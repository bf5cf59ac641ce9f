import { chmod, mkdir, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import type { Duplex } from "node:stream";
import { crashPoint } from "../../core/crash-point.ts";
import { BerthError, toBerthError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { Slots } from "../../core/slots.ts";
import type { Runtime } from "../../model/profile.ts";
import { diskObstacle } from "../disk.ts";
import { assertEnforceable } from "../enforce.ts";
import { observeHostProcess } from "../host-process.ts";
import { nothingObserved, type Observation } from "../observation.ts";
import type {
  CallOptions,
  Provider,
  ResolvedImage,
  SandboxHandle,
  SandboxSpec,
  SandboxState,
  SnapshotStore,
} from "../provider.ts";
import type { Residue } from "../residue.ts";
import type { RootfsExporter } from "../rootfs-exporter.ts";
import { ociCapabilities } from "./capabilities.ts";
import { cgroupPath, cgroupVersion, oomKills, removeCgroups, type CgroupVersion } from "./cgroups.ts";
import { IdRanges } from "./id-ranges.ts";
import { OciImageCopies } from "./image-copies.ts";
import { resolveImage } from "./images.ts";
import { isAlive } from "./init-process.ts";
import { ociPaths, sandboxPaths, type OciPaths } from "./paths.ts";
import { listSandboxIds, readSandboxRecord, type IdRange, type SandboxRecord } from "./records.ts";
import { removeTree } from "./remove-tree.ts";
import { ociResidue } from "./residue.ts";
import { createRunc } from "./runc.ts";
import { createRunsc } from "./runsc.ts";
import { runtimeVersion, type GvisorPlatform } from "./runtime-version.ts";
import type { OciRuntime } from "./runtime.ts";
import { hasSnapshot, keepAsSnapshot, listSnapshots, removeSnapshot, sweepRemovedSnapshots } from "./snapshots.ts";
import { startSandbox } from "./start.ts";
import { Starter } from "./starter.ts";
import { sweepUnfinished, unfinished } from "./unfinished.ts";
import { userNamespaceObstacle } from "./user-namespace.ts";

const CONNECT_DEADLINE_MS = 5_000;
const KILL_DEADLINE_MS = 10_000;
/** More would start no sandbox sooner, and keep the controller itself from its core. */
const STARTS_PER_CORE = 2;
/** A burst of them would stop the event loop for as long as it takes to ask the kernel for all of it. */
const ENDS_PER_CORE = 4;

export interface OciProviderOptions {
  readonly dataDir: string;
  readonly runDir?: string;
  /** The static guest for this machine's architecture; also the launcher. */
  readonly guestBinary: string;
  /** sandbox-profiles/seccomp. */
  readonly seccompDir: string;
  /** An OCI runtime with runc's command line. */
  readonly runtime?: string;
  readonly runsc?: { readonly binary?: string; readonly platform?: GvisorPlatform };
  readonly exporter?: RootfsExporter | undefined;
  readonly log: Logger;
  /** Leaves what others left as it is. */
  readonly onlyLooks?: boolean;
}

/** Sandboxes on this machine by an OCI runtime and overlayfs, without a daemon. Needs root. */
export async function createOciProvider(options: OciProviderOptions): Promise<Provider> {
  const paths = ociPaths(options.dataDir, options.runDir);
  for (const dir of [paths.sandboxes, paths.snapshots, paths.runcState, paths.runscState, paths.sockets]) {
    await mkdir(dir, { recursive: true, mode: 0o700 });
  }
  await makePassable(dirname(paths.root), 0o711);
  await makePassable(paths.root, 0o755);
  if (!options.onlyLooks) await Promise.all([sweepUnfinished(paths.images), sweepRemovedSnapshots(paths)]);
  const cgroups = await cgroupVersion();
  const starter = new Starter(options.guestBinary);
  const shared = { starter, cgroups };
  const { binary = "runsc", platform = "auto" } = options.runsc ?? {};
  const version = await runtimeVersion(binary);
  const runtimes = {
    runc: createRunc({ ...shared, binary: options.runtime ?? "runc", root: paths.runcState }),
    runsc: createRunsc({ ...shared, binary, version: version ?? "", platform, root: paths.runscState }),
  };
  const scratch = unfinished(join(paths.images, "trial"));
  const capabilities = ociCapabilities({
    runsc: version === undefined ? `${binary} is not installed (on Debian: apt-get install runsc)` : undefined,
    disk: await diskObstacle(),
    userNamespace: await userNamespaceObstacle({ launcher: options.guestBinary, scratch, root: paths.root }),
  });
  const { has, gaps } = capabilities.runc;
  if (has.has("user_namespace")) options.log.info("profiles that ask for user namespaces get them");
  else options.log.warn({ reason: gaps.user_namespace }, "sandboxes run in the host's user namespace");
  return new OciProvider(options, paths, runtimes, {
    cgroups,
    capabilities,
    idRanges: await IdRanges.open(paths.idRanges, await liveRanges(paths), { drops: !options.onlyLooks }),
    starter,
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
  readonly imageCopies: OciImageCopies;
  readonly #options: OciProviderOptions;
  readonly #paths: OciPaths;
  readonly #runtimes: Readonly<Record<Runtime, OciRuntime>>;
  readonly #cgroups: CgroupVersion;
  readonly #idRanges: IdRanges;
  readonly #starter: Starter;
  readonly #starts = new Slots(STARTS_PER_CORE * availableParallelism());
  readonly #ends = new Slots(ENDS_PER_CORE * availableParallelism());
  readonly #creating = new Map<string, Promise<SandboxHandle>>();
  readonly #resolving = new Map<string, Promise<ResolvedImage>>();

  constructor(
    options: OciProviderOptions,
    paths: OciPaths,
    runtimes: Readonly<Record<Runtime, OciRuntime>>,
    here: { cgroups: CgroupVersion; capabilities: Provider["capabilities"]; idRanges: IdRanges; starter: Starter },
  ) {
    this.#options = options;
    this.#paths = paths;
    this.#runtimes = runtimes;
    this.#cgroups = here.cgroups;
    this.#idRanges = here.idRanges;
    this.#starter = here.starter;
    this.capabilities = here.capabilities;
    this.imageCopies = new OciImageCopies(paths);
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
      resolveImage(
        name,
        { paths: this.#paths, copies: this.imageCopies, exporter: this.#options.exporter },
        rest,
      ).finally(() => this.#resolving.delete(name));
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
    const creation = this.#starts
      .run(() => this.#create(spec, call), call.signal)
      .finally(() => this.#creating.delete(spec.id));
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
        runtime: this.#runtimes[spec.profile.runtime],
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
    if (profile.user_namespace === "never" || !this.capabilities[profile.runtime].has.has("user_namespace"))
      return undefined;
    const ids = await this.#idRanges.take(id, folder);
    if (!ids)
      throw new BerthError("sandbox_create_failed", "Every range of ids for user namespaces is lent to a sandbox.");
    return ids;
  }

  async connect(handle: SandboxHandle, { signal }: CallOptions = {}): Promise<Duplex> {
    const runtime = await this.#runtimeOf(handle.id);
    const init = await runtime?.process(handle.id);
    if (!runtime || !init || !(await isAlive(init))) {
      throw new BerthError("sandbox_lost", `The sandbox ${handle.id} is not running.`);
    }
    const { socket } = sandboxPaths(this.#paths, handle.id);
    const end = AbortSignal.any([AbortSignal.timeout(CONNECT_DEADLINE_MS), ...(signal ? [signal] : [])]);
    try {
      return await runtime.connect({ id: handle.id, socket }, end);
    } catch (error) {
      throw new BerthError("sandbox_lost", `The sandbox ${handle.id} cannot be reached.`, { cause: error });
    }
  }

  async inspect(handle: SandboxHandle): Promise<SandboxState> {
    const runtime = await this.#runtimeOf(handle.id);
    if (!runtime) return { status: "gone" };
    const init = await runtime.process(handle.id);
    if (init && (await isAlive(init))) {
      return { status: "running", oomKills: await oomKills(this.#cgroups, handle.id) };
    }
    return { status: "exited", code: null, oom: await runtime.endedByLimit(handle.id) };
  }

  /** Undefined when there is no such sandbox. */
  async #runtimeOf(id: string): Promise<OciRuntime | undefined> {
    const record = await readSandboxRecord(this.#paths, id);
    return record && this.#runtimes[record.runtime];
  }

  async observe(handle: SandboxHandle): Promise<Observation> {
    const runtime = await this.#runtimeOf(handle.id);
    const init = await runtime?.process(handle.id);
    const role = runtime?.name === "runsc" ? "sentry" : "guest";
    const seen = init && (await observeHostProcess({ pid: init.pid, cgroup: cgroupPath(handle.id), role }));
    if (!seen) throw new BerthError("sandbox_lost", `The sandbox ${handle.id} is not running.`);
    return { ...nothingObserved, ...seen };
  }

  destroy(handle: SandboxHandle): Promise<void> {
    return this.#ends.run(() => this.#destroy(handle));
  }

  async #destroy(handle: SandboxHandle): Promise<void> {
    const sandbox = sandboxPaths(this.#paths, handle.id);
    const record = await readSandboxRecord(this.#paths, handle.id);
    await this.#stop(handle.id, record);
    crashPoint("oci.stopped");
    // On a disk of its own is all that a policy built; what is left in the folder is ours.
    const removeFolder = record?.disk ? rm(sandbox.dir, { recursive: true, force: true }) : removeTree(sandbox.dir);
    await Promise.all([rm(sandbox.socket, { force: true }), removeFolder]);
    if (!record || record.ids) await this.#idRanges.release(handle.id, sandbox.dir);
    if (record?.snapshot) await sweepRemovedSnapshots(this.#paths, record.snapshot);
  }

  async list(owner: string): Promise<SandboxHandle[]> {
    const records = await Promise.all(
      (await listSandboxIds(this.#paths)).map((id) => readSandboxRecord(this.#paths, id)),
    );
    return records.flatMap((record) =>
      record?.labels.owner === owner ? [{ id: record.id, provider: this.name, labels: record.labels }] : [],
    );
  }

  residue(owner: string): Promise<Residue[]> {
    const runtimes = Object.values(this.#runtimes);
    return ociResidue({ paths: this.#paths, cgroups: this.#cgroups, runtimes, owner, nowMs: Date.now() });
  }

  async close(): Promise<void> {
    this.#starter.close();
    this.#options.exporter?.close();
  }

  /** Ends every process of the sandbox and the runtime's record of it; the files stay. */
  async #stop(id: string, record: SandboxRecord | undefined): Promise<void> {
    const runtime = record && this.#runtimes[record.runtime];
    if (runtime && !(await runtime.kill(id, KILL_DEADLINE_MS))) {
      throw new BerthError(
        "teardown_failed",
        `The sandbox ${id} did not end within ${KILL_DEADLINE_MS} ms of SIGKILL.`,
      );
    }
    await Promise.all([runtime?.remove(id), removeCgroups(this.#cgroups, id)]);
  }

  async #commit(handle: SandboxHandle, key: string): Promise<void> {
    const record = await readSandboxRecord(this.#paths, handle.id);
    if (!record) throw new BerthError("sandbox_lost", `The sandbox ${handle.id} is gone.`);
    await this.#stop(handle.id, record);
    if (!(await hasSnapshot(this.#paths, key))) await keepAsSnapshot(this.#paths, record, key);
    await this.destroy(handle);
  }
}
