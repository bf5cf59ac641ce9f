import { z } from "zod";

/** What is created and destroyed. */
export const auditKinds = ["rollout", "sandbox", "snapshot", "environment"] as const;

/** `changed`: an environment's text, what a sandbox is for, or a rollout in which a terminal was opened by hand. */
export const auditActions = ["created", "changed", "destroyed"] as const;

export const auditEntry = z.strictObject({
  at: z.iso.datetime(),
  /** The name of an API key, `anonymous`, `cli:` and a user of this machine, or `controller`. Never a key. */
  actor: z.string(),
  action: z.enum(auditActions),
  kind: z.enum(auditKinds),
  /** The id of a rollout or sandbox, the key of a snapshot, the name of an environment. */
  subject: z.string(),
  /** The rollout that it was for, where there is one. */
  rollout_id: z.string().nullable(),
  why: z.string().nullable(),
});
export type AuditEntry = z.infer<typeof auditEntry>;

/** Who does things that nobody asked for. */
export const CONTROLLER = "controller";
