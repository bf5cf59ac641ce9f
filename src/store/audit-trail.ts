import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { AuditEntry } from "../model/audit.ts";
import type { AuditLog } from "./audit-log.ts";

export interface AuditTrailOptions {
  readonly log: AuditLog;
  readonly clock: Pick<Clock, "now">;
  readonly logger: Logger;
  /** Who does what nobody asked for: `controller`, or a user of this machine with a command of his own. */
  readonly self: string;
}

export interface Deed extends Pick<AuditEntry, "action" | "kind" | "subject"> {
  /** Who asked for it; without one, whoever this process is. */
  readonly by?: string | undefined;
  readonly rolloutId?: string | undefined;
  readonly why?: string | undefined;
  /** Tells deeds apart that are otherwise the same: each is written once. */
  readonly detail?: string | undefined;
}

/**
 * Writes down who created and destroyed what, in the store and in the log. Asked in the same turn of the event loop as the write that it tells
 * of, so that both are in one commit where the database groups them. Nothing of it is on the way of a tool call.
 */
export class AuditTrail {
  readonly #options: AuditTrailOptions;

  constructor(options: AuditTrailOptions) {
    this.#options = options;
  }

  /** Resolves when the entry is durable. @throws BerthError `storage_failed` */
  async tell({ action, kind, subject, by, rolloutId, why, detail }: Deed): Promise<void> {
    const { log, clock, logger, self } = this.#options;
    const at = new Date(clock.now()).toISOString();
    const entry: AuditEntry = {
      at,
      actor: by ?? self,
      action,
      kind,
      subject,
      rollout_id: rolloutId ?? null,
      why: why ?? null,
    };
    const id = [kind, subject, action, ...(detail === undefined ? [] : [detail])].join("/");
    if (await log.record(id, entry)) logger.info(entry, "audit");
  }
}
