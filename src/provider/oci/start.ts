import { mkdir, readFile } from "node:fs/promises";
import { machine } from "node:os";
import { join, resolve } from "node:path";
import { crashPoint } from "../../core/crash-point.ts";
import { BerthError } from "../../core/errors.ts";
import { exists } from "../../core/exists.ts";
import { diskSize } from "../disk.ts";
import type { SandboxSpec } from "../provider.ts";
import { forMachine, type SeccompFilter } from "../seccomp-filter.ts";
import { cgroupPath, prepareMemoryCgroup, type CgroupVersion } from "./cgroups.ts";
import { diskFolders, sandboxDiskTemplate } from "./disk.ts";
import { sandboxPaths, type OciPaths } from "./paths.ts";
import { writeJson, type IdRange, type SandboxRecord } from "./records.ts";
import type { OciRuntime, WritableLayer } from "./runtime.ts";
import { runtimeSpec } from "./runtime-spec.ts";
import { baseLayers } from "./snapshots.ts";

export interface StartContext {
  readonly paths: OciPaths;
  readonly runtime: OciRuntime;
  readonly cgroups: CgroupVersion;
  readonly guestBinary: string;
  readonly seccompDir: string;
  /** Lends the sandbox with this folder its own ids on the host; undefined for the host's user namespace. */
  readonly takeIds: (folder: string) => Promise<IdRange | undefined>;
  readonly signal: AbortSignal | undefined;
}

const MEGABYTE = 1024 * 1024;

/** Names of the host that setup steps with a network need; tools have neither. */
const NETWORK_FILES = ["/etc/resolv.conf", "/etc/hosts"];

/** From nothing to a started guest: the record first, then the folders, then the runtime. Leaves what it made when it fails. */
export async function startSandbox(spec: SandboxSpec, context: StartContext): Promise<void> {
  const { paths, cgroups, runtime } = context;
  const sandbox = sandboxPaths(paths, spec.id);
  const { base } = spec;
  const [layers, seccomp, networkFiles, swapFiles, ownOpenFiles] = await Promise.all([
    baseLayers(paths, base.kind === "image" ? { image: base.image.location } : { snapshot: base.key }),
    readSeccomp(context.seccompDir, spec.profile.seccomp),
    spec.profile.network === "host" ? existing(NETWORK_FILES) : [],
    existing(["/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes"]),
    ownOpenFilesLimit(),
  ]);
  const tmpFolders = await existing(layers.lowers.map((lower) => join(lower, "tmp")));

  // One by one from here: what is still being made when another step fails would outlive the sandbox.
  await mkdir(sandbox.dir, { recursive: true, mode: 0o700 });
  crashPoint("oci.folder-made");
  const ids = await context.takeIds(sandbox.dir);
  crashPoint("oci.ids-claimed");
  const record: SandboxRecord = {
    id: spec.id,
    labels: spec.labels,
    snapshot: base.kind === "snapshot" ? base.key : null,
    image: base.kind === "image" ? base.image.location : null,
    guest: context.guestBinary,
    disk: spec.resources.disk_mb !== undefined,
    ids: ids ?? null,
    runtime: runtime.name,
  };
  await writeJson(sandbox.record, record);
  crashPoint("oci.recorded");
  const layer = await writableLayer(spec, paths);
  const oomCounter = runtime.dialect.passesFiles
    ? await prepareMemoryCgroup(cgroups, spec.id, spec.resources.memory_mb * MEGABYTE)
    : undefined;
  const guestBinary = resolve(context.guestBinary);
  const readOnlyBinds = [...layers.readOnlyBinds, ...networkFiles];
  await writeJson(
    sandbox.config,
    runtimeSpec({
      spec,
      dialect: runtime.dialect,
      rootfs: paths.root,
      guestBinary,
      seccomp,
      cgroupPath: cgroupPath(spec.id),
      cgroupV2: cgroups === "v2",
      swapAccounting: cgroups === "v2" || swapFiles.length > 0,
      hasTmp: tmpFolders.length > 0,
      readOnlyBinds,
      oomCounterPassed: oomCounter !== undefined,
      openFiles: Math.min(spec.profile.limits.open_files, ownOpenFiles),
      path: layers.path,
      ids,
    }),
  );
  crashPoint("oci.configured");
  await runtime.run({
    id: spec.id,
    bundle: sandbox.dir,
    socket: sandbox.socket,
    oomCounter,
    overlay: { lowers: layers.lowers, ...layer, target: paths.root },
    shift: ids && { ids, trees: [...readOnlyBinds, guestBinary] },
    log: sandbox.startLog,
    signal: context.signal,
  });
}

/** Where the sandbox's writes go: a folder, or a disk of its own when its size is limited. */
async function writableLayer(spec: SandboxSpec, paths: OciPaths): Promise<WritableLayer> {
  const { upper, work, disk, diskMount } = sandboxPaths(paths, spec.id);
  const size = diskSize("oci", spec.resources);
  if (size === undefined) {
    await Promise.all([mkdir(upper, { mode: 0o755 }), mkdir(work)]);
    return { upper, work };
  }
  const [template] = await Promise.all([sandboxDiskTemplate(paths.disks, size), mkdir(diskMount)]);
  return {
    upper: join(diskMount, diskFolders.upper),
    work: join(diskMount, diskFolders.work),
    disk: { image: disk, template, target: diskMount },
  };
}

async function readSeccomp(dir: string, name: string): Promise<SeccompFilter | undefined> {
  if (name === "unconfined") return undefined;
  const text = await readFile(join(dir, `${name}.json`), "utf8").catch((error: unknown) => {
    throw new BerthError("unknown_profile", `The system call filter ${name} is not in ${dir}.`, { cause: error });
  });
  return forMachine(JSON.parse(text) as SeccompFilter, machine());
}

async function ownOpenFilesLimit(): Promise<number> {
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(await readFile("/proc/self/limits", "utf8"))?.[1];
  return hard === undefined ? Infinity : Number(hard);
}

async function existing(files: readonly string[]): Promise<string[]> {
  const found = await Promise.all(files.map(exists));
  return files.filter((_file, index) => found[index]);
}
