import type { AuditEntry } from "../model/audit.ts";

export interface AuditQuery {
  /** How many at most. */
  readonly limit: number;
  /** ISO 8601 in UTC: then or later. */
  readonly since?: string;
  readonly rolloutId?: string;
  readonly subject?: string;
  readonly action?: AuditEntry["action"];
}

/** Who created and destroyed what. Nothing is changed in it, and only what is too old is removed. @throws BerthError `storage_failed` */
export interface AuditLog {
  /** Once for an id: gives whether it was written now. Durable when it resolves. */
  record(id: string, entry: AuditEntry): Promise<boolean>;
  /** Newest first. */
  list(query: AuditQuery): Promise<AuditEntry[]>;
  /** Removes at most so many entries from before `time` (ISO 8601 in UTC, with milliseconds), the oldest. Gives how many. */
  removeBefore(time: string, most: number): Promise<number>;
}
