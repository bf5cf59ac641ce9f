import { z } from "zod";

/**
 * The isolation contract of a sandbox. A provider enforces all of it or refuses it; `capability` names what a provider
 * must be able to do for each setting that is on.
 */
export const profile = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/),
  description: z.string().min(1),
  /** The OCI runtime. */
  runtime: z.enum(["runc", "runsc"]).default("runc"),
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
  network: z.enum(["none", "host"]).default("none"),
});

export type Profile = z.infer<typeof profile>;
