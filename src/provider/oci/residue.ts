import { readdir, readFile, readlink, rm, stat, unlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { exists } from "../../core/exists.ts";
import { BEGINNING_MS, type Residue } from "../residue.ts";
import { emptyCgroups, removeCgroups, type CgroupVersion } from "./cgroups.ts";
import { sandboxPaths, type OciPaths } from "./paths.ts";
import { listSandboxIds, readSandboxRecord } from "./records.ts";
import { removeTree } from "./remove-tree.ts";
import type { OciRuntime } from "./runtime.ts";

export interface OciResidueParts {
  readonly paths: OciPaths;
  readonly cgroups: CgroupVersion;
  readonly runtimes: readonly OciRuntime[];
  /** This installation. */
  readonly owner: string;
  /** Unix milliseconds. */
  readonly nowMs: number;
}

const GC = "berth gc";
const NOTHING_RECORDED = "no sandbox is recorded that it would belong to";

const names = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

const ageOf = async (path: string): Promise<number | null> =>
  stat(path).then(
    ({ ctimeMs }) => ctimeMs,
    () => null,
  );

/** What lies about on this machine beside the sandboxes that have a record. Looks only. */
export async function ociResidue(parts: OciResidueParts): Promise<Residue[]> {
  const ids = await listSandboxIds(parts.paths);
  const records = await Promise.all(ids.map((id) => readSandboxRecord(parts.paths, id)));
  const whole = new Set(ids.filter((_id, index) => records[index] !== undefined));
  const found = await Promise.all([
    // What runs goes before what it runs on.
    states(whole, parts),
    cgroupsOf(whole, parts),
    sockets(ids, parts),
    folders(ids, whole, parts),
    mounts(parts),
    loopDevices(parts),
    claims(parts),
  ]);
  return found.flat().filter(({ sinceMs }) => sinceMs === null || parts.nowMs - sinceMs >= BEGINNING_MS);
}

/** What has no record yet, or none any more, is no sandbox: nothing lists it. */
async function folders(ids: readonly string[], whole: ReadonlySet<string>, parts: OciResidueParts): Promise<Residue[]> {
  const { paths, owner } = parts;
  return Promise.all(
    ids
      .filter((id) => !whole.has(id))
      .map(async (id): Promise<Residue> => {
        const { dir } = sandboxPaths(paths, id);
        return {
          kind: "folder",
          id: dir,
          owner,
          sinceMs: await ageOf(dir),
          why: "the folder of a sandbox without its record",
          remedy: GC,
          harmless: false,
          remove: async () => {
            if ((await readSandboxRecord(paths, id)) === undefined) await removeTree(dir);
          },
        };
      }),
  );
}

async function sockets(ids: readonly string[], { paths, owner }: OciResidueParts): Promise<Residue[]> {
  const known = new Set(ids.map((id) => basename(sandboxPaths(paths, id).socket)));
  const stale = (await names(paths.sockets))
    .filter((name) => !known.has(name))
    .map((name) => join(paths.sockets, name));
  return Promise.all(
    stale.map(async (path): Promise<Residue> => {
      const remove = () => rm(path, { recursive: true, force: true });
      const why = NOTHING_RECORDED;
      return { kind: "socket", id: path, owner, sinceMs: await ageOf(path), why, remedy: GC, harmless: false, remove };
    }),
  );
}

/** What the runtimes still know: containers whose sandbox was forgotten, with whatever runs in them. */
async function states(
  whole: ReadonlySet<string>,
  { paths, cgroups, runtimes, owner }: OciResidueParts,
): Promise<Residue[]> {
  const roots = { runc: paths.runcState, runsc: paths.runscState };
  const all = runtimes.map(async (runtime) => {
    const left = (await names(roots[runtime.name])).filter((id) => !whole.has(id));
    return Promise.all(
      left.map(async (id): Promise<Residue> => {
        const path = join(roots[runtime.name], id);
        const remove = async () => {
          await runtime.kill(id, KILL_DEADLINE_MS);
          await Promise.all([runtime.remove(id), removeCgroups(cgroups, id)]);
          await rm(sandboxPaths(paths, id).socket, { force: true });
        };
        const why = `${runtime.name} knows a container, and ${NOTHING_RECORDED}`;
        const sinceMs = await ageOf(path);
        return { kind: "runtime_state", id: path, owner, sinceMs, why, remedy: GC, harmless: false, remove };
      }),
    );
  });
  return (await Promise.all(all)).flat();
}

const KILL_DEADLINE_MS = 10_000;

/** Those with processes are somebody's: of another installation on this machine, which shares the parent. */
async function cgroupsOf(whole: ReadonlySet<string>, { cgroups }: OciResidueParts): Promise<Residue[]> {
  const empty = (await emptyCgroups(cgroups)).filter(({ id }) => !whole.has(id));
  return Promise.all(
    empty.map(async ({ id, path }): Promise<Residue> => {
      const remove = () => removeCgroups(cgroups, id);
      const why = "the cgroup of a sandbox, with no process in it";
      const sinceMs = await ageOf(path);
      return { kind: "cgroup", id: path, owner: null, sinceMs, why, remedy: GC, harmless: false, remove };
    }),
  );
}

/** A sandbox's mounts are in a namespace of its own: what the machine itself sees was mounted by a process that died in between. */
async function mounts({ paths, owner }: OciResidueParts): Promise<Residue[]> {
  const text = await readFile("/proc/self/mountinfo", "utf8").catch(() => "");
  const points = text.split("\n").flatMap((line) => line.split(" ")[4] ?? []);
  return points
    .filter((point) => point.startsWith(`${paths.sandboxes}/`))
    .map((id) => {
      const why = "a mount of a sandbox that this machine itself sees";
      return { kind: "mount", id, owner, sinceMs: null, why, remedy: `umount ${id}`, harmless: false };
    });
}

/** Of sandboxes' disks; a device that is bound to nothing costs nothing, and the kernel gives it to the next that asks. */
async function loopDevices({ paths, owner }: OciResidueParts): Promise<Residue[]> {
  const devices = (await names("/sys/block")).filter((name) => /^loop\d+$/.test(name));
  const found = await Promise.all(
    devices.map(async (name): Promise<Residue[]> => {
      const file = await readFile(join("/sys/block", name, "loop/backing_file"), "utf8").catch(() => undefined);
      const id = `/dev/${name}`;
      const sinceMs = null;
      const kind = "loop_device";
      if (file === undefined) {
        const why = "a device node that is bound to no file";
        return [{ kind, id, owner: null, sinceMs, why, remedy: "none is needed", harmless: true }];
      }
      const path = file.trim().replace(/ \(deleted\)$/, "");
      if (!path.startsWith(`${paths.sandboxes}/`) || (await exists(path))) return [];
      const why = `a disk of a sandbox that is gone: ${path}`;
      return [{ kind, id, owner, sinceMs, why, remedy: `umount and losetup --detach ${id}`, harmless: false }];
    }),
  );
  return found.flat();
}

/** A claim means nothing once its folder is gone; every start removes such. */
async function claims({ paths }: OciResidueParts): Promise<Residue[]> {
  const found = await Promise.all(
    (await names(paths.idRanges)).map(async (name): Promise<Residue[]> => {
      const id = join(paths.idRanges, name);
      if (await exists(id)) return [];
      const folder = await readlink(id).catch(() => "nothing");
      const why = `a claim of user ids by ${folder}, which is gone`;
      const remove = () => unlink(id).catch(() => undefined);
      return [{ kind: "id_range", id, owner: null, sinceMs: null, why, remedy: GC, harmless: true, remove }];
    }),
  );
  return found.flat();
}
