import { createHash } from "node:crypto";
import { join, resolve } from "node:path";

/** Every place on the host that the provider uses; nothing is written anywhere else. */
export interface OciPaths {
  /** Survives a reboot: one folder a sandbox, a snapshot, an image. */
  readonly sandboxes: string;
  readonly snapshots: string;
  readonly removedSnapshots: string;
  readonly images: string;
  /** Empty file systems, one for each size. */
  readonly disks: string;
  /** Does not need to survive a reboot: the runtimes' state, and sockets, whose paths must stay below 108 bytes. */
  readonly runcState: string;
  readonly runscState: string;
  readonly sockets: string;
  /** Claims of ids, which all controllers of the machine share. */
  readonly idRanges: string;
  /** Where each sandbox's root is mounted, for that sandbox alone. Every user of the host may pass to it, so that a sandbox's root can. */
  readonly root: string;
}

export function ociPaths(dataDir: string, runDir = "/run/berth"): OciPaths {
  const root = join(resolve(dataDir), "oci");
  const run = join(runDir, createHash("sha256").update(root).digest("hex").slice(0, 12));
  return {
    sandboxes: join(root, "sandboxes"),
    snapshots: join(root, "snapshots"),
    removedSnapshots: join(root, "removed-snapshots"),
    images: join(root, "images"),
    disks: join(root, "disks"),
    runcState: join(run, "runc"),
    runscState: join(run, "runsc"),
    sockets: join(run, "s"),
    idRanges: join(runDir, "ids"),
    root: join(runDir, "root"),
  };
}

/** One sandbox's files. */
export interface SandboxPaths {
  readonly dir: string;
  readonly record: string;
  readonly config: string;
  /** What the sandbox writes, when its disk has no size of its own. */
  readonly upper: string;
  readonly work: string;
  /** A disk of limited size, and where it is mounted for the sandbox alone. */
  readonly disk: string;
  readonly diskMount: string;
  readonly startLog: string;
  readonly socket: string;
}

export function sandboxPaths(paths: OciPaths, id: string): SandboxPaths {
  const dir = join(paths.sandboxes, id);
  return {
    dir,
    record: join(dir, "sandbox.json"),
    config: join(dir, "config.json"),
    upper: join(dir, "upper"),
    work: join(dir, "work"),
    disk: join(dir, "disk.img"),
    diskMount: join(dir, "disk"),
    startLog: join(dir, "start.log"),
    socket: join(paths.sockets, createHash("sha256").update(id).digest("hex").slice(0, 24)),
  };
}
