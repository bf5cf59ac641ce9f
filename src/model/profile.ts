import { z } from "zod";
import { egressRule } from "./egress.ts";
import { diskMegabytes, inodeCount, type Resources } from "./resources.ts";

export const runtimes = ["runc", "runsc"] as const;

/** The OCI runtime: `runc` shares the host's kernel, `runsc` is gVisor, a kernel of its own in user space. */
export type Runtime = (typeof runtimes)[number];

const absolutePaths = z.array(z.string().regex(/^\/[^\0]*$/)).default([]);

/**
 * The isolation contract of a sandbox. A provider enforces all of it or refuses it, naming each ability that it lacks; nothing is
 * ever weakened silently. What is created is read back and compared with it.
 */
export const profile = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9-]+$/),
    description: z.string().min(1),
    runtime: z.enum(runtimes).default("runc"),
    /** The unprivileged user of tools inside the sandbox. */
    user: z
      .strictObject({ uid: z.number().int().min(1), gid: z.number().int().min(1) })
      .default({ uid: 1000, gid: 1000 }),
    /** Whether the guest may run commands as the sandbox's root: only for setup steps, never for a policy. */
    root_commands: z.boolean().default(false),
    /** Linux capabilities that the guest keeps; tools never hold any. Added to what the guest itself needs. */
    capabilities: z.array(z.string().regex(/^CAP_[A-Z_]+$/)).default([]),
    no_new_privs: z.boolean().default(true),
    /** A file in sandbox-profiles/seccomp/ without its ending, or `unconfined`. */
    seccomp: z.string().regex(/^[a-z0-9-]+$/),
    /**
     * Whether root inside is an unprivileged user outside: `required` refuses a provider that cannot, `where_possible` takes what
     * there is and says so in the sandbox's facts.
     */
    user_namespace: z.enum(["never", "where_possible", "required"]).default("never"),
    /**
     * `none`: no interface but the sandbox's own loopback. `egress`: the same, and a proxy on it that reaches what `egress.allow`
     * names. `host`: the host's network (or Docker's bridge), for setup steps.
     */
    network: z.enum(["none", "egress", "host"]).default("none"),
    egress: z
      .strictObject({
        allow: z.array(egressRule).max(1000).default([]),
        /** Connections of one sandbox at the same time. */
        max_connections: z.number().int().min(1).max(100).default(32),
      })
      .prefault({}),
    /** What an environment's `resources` do not set. Absent means no limit, which only a profile for setup steps should say. */
    limits: z
      .strictObject({
        /** File descriptors of one process (RLIMIT_NOFILE). */
        open_files: z.number().int().min(64).max(1_048_576).default(16_384),
        disk_mb: diskMegabytes.optional(),
        inodes: inodeCount.optional(),
      })
      .prefault({}),
    /** Paths that read as empty: what the kernel tells there is about the host. */
    masked_paths: absolutePaths,
    read_only_paths: absolutePaths,
  })
  .refine(({ network, egress }) => network === "egress" || egress.allow.length === 0, {
    path: ["egress", "allow"],
    error: "names hosts that network: none and network: host ignore",
  })
  .refine(({ user_namespace, user }) => user_namespace === "never" || Math.max(user.uid, user.gid) < 65_536, {
    path: ["user"],
    error: "is above 65535, which a user namespace does not map: say user_namespace: never",
  });

export type Profile = z.infer<typeof profile>;

/** With the profile's limits where the resources set none. */
export function limited(resources: Resources, { limits }: Profile): Resources {
  const { disk_mb = limits.disk_mb, inodes = limits.inodes } = resources;
  return { ...resources, disk_mb, inodes };
}
