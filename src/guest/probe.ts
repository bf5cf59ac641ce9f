import { z } from "zod";
import { capabilitiesIn } from "../model/linux-capabilities.ts";

/** What a tool is and can reach, as a process found that the guest started like one: docs/guest-protocol.md. */
export interface Probe {
  /** Real, effective and saved. */
  readonly uids: readonly number[];
  readonly gids: readonly number[];
  readonly groups: readonly number[];
  readonly capabilities: Readonly<Record<CapabilitySet, readonly string[]>> | null;
  readonly noNewPrivileges: boolean | null;
  /** 0 (none), 1 (strict) or 2 (a filter). */
  readonly seccomp: number | null;
  /** Hard limits; null is none. */
  readonly limits: {
    readonly openFiles: number | null;
    readonly coreBytes: number | null;
    readonly processes: number | null;
  };
  /** System call → the error that it was refused with, or `allowed`. */
  readonly calls: ReadonlyMap<string, string>;
  readonly maskedPaths: ReadonlyMap<string, PathState>;
  readonly readOnlyPaths: ReadonlyMap<string, PathState>;
  readonly mounts: readonly {
    readonly target: string;
    readonly root: string;
    readonly type: string;
    readonly readOnly: boolean;
  }[];
  readonly devices: readonly {
    readonly path: string;
    readonly block: boolean;
    readonly major: number;
    readonly minor: number;
  }[];
  readonly interfaces: readonly string[];
  /** `bytes` is null where the kernel tells none, as gVisor's does not; `inodes` where there is no fixed number. */
  readonly disks: readonly { readonly path: string; readonly bytes: number | null; readonly inodes: number | null }[];
  /** `opened` are the files of its folder in /proc that a tool can look into. */
  readonly guest: {
    readonly pid: number;
    readonly uid: number | null;
    readonly capabilities: Readonly<Record<CapabilitySet, readonly string[]>> | null;
    readonly opened: readonly string[];
  };
}

export const capabilitySets = ["inheritable", "permitted", "effective", "bounding", "ambient"] as const;
export type CapabilitySet = (typeof capabilitySets)[number];

/** `open`: a masked path can be read, a read-only one be written. */
export type PathState = "absent" | "closed" | "open";

export interface ProbeQuestion {
  readonly maskedPaths: readonly string[];
  readonly readOnlyPaths: readonly string[];
}

/** Larger than any disk: what a kernel says that has no answer. */
const NO_SIZE = 2 ** 60;

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const path = z.string().max(4_096);
const name = z.string().max(64);
const ids = z.array(count).max(64);
/** A limit may be larger than a number can say exactly; what is compared is far below. */
const limit = z.number().min(0).nullable();
const mask = z
  .string()
  .regex(/^[0-9a-f]{1,16}$/)
  .transform(capabilitiesIn);
const masks = z
  .object({ inheritable: mask, permitted: mask, effective: mask, bounding: mask, ambient: mask })
  .nullable();
const states = z
  .array(z.object({ path, state: z.enum(["absent", "closed", "open"]) }))
  .max(256)
  .transform((list): ReadonlyMap<string, PathState> => new Map(list.map((entry) => [entry.path, entry.state])));

/** The report as it is on the wire → what was found. */
export const wireProbe = z
  .object({
    uids: ids.length(3),
    gids: ids.length(3),
    groups: ids,
    capabilities: masks,
    no_new_privs: z.boolean().nullable(),
    seccomp: z.number().int().min(0).max(2).nullable(),
    limits: z.object({ open_files: limit, core_bytes: limit, processes: limit }),
    calls: z.array(z.object({ name, result: name })).max(256),
    masked_paths: states,
    read_only_paths: states,
    mounts: z.array(z.object({ target: path, root: path, type: name, read_only: z.boolean() })).max(1024),
    devices: z.array(z.object({ path, block: z.boolean(), major: count, minor: count })).max(4096),
    interfaces: z.array(name).max(1024),
    disks: z.array(z.object({ path, bytes: z.number().min(0), inodes: z.number().min(0) })).max(8),
    guest: z.object({ pid: count, uid: count.nullable(), capabilities: masks, opened: z.array(name).max(16) }),
  })
  .transform((told): Probe => ({
    uids: told.uids,
    gids: told.gids,
    groups: told.groups,
    capabilities: told.capabilities,
    noNewPrivileges: told.no_new_privs,
    seccomp: told.seccomp,
    limits: { openFiles: told.limits.open_files, coreBytes: told.limits.core_bytes, processes: told.limits.processes },
    calls: new Map(told.calls.map((call) => [call.name, call.result])),
    maskedPaths: told.masked_paths,
    readOnlyPaths: told.read_only_paths,
    mounts: told.mounts.map(({ read_only, ...mount }) => ({ ...mount, readOnly: read_only })),
    devices: told.devices,
    interfaces: told.interfaces,
    disks: told.disks.map(({ path: at, bytes, inodes }) => ({
      path: at,
      bytes: bytes < NO_SIZE ? bytes : null,
      inodes: inodes === 0 ? null : inodes,
    })),
    guest: told.guest,
  }));
