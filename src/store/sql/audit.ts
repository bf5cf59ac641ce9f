import type { Kysely } from "kysely";
import { auditEntry, type AuditEntry } from "../../model/audit.ts";
import type { AuditLog, AuditQuery } from "../audit-log.ts";
import type { Tables } from "./schema.ts";

type Access = <T>(work: () => Promise<T>) => Promise<T>;

/** The audit log on any SQL database that Kysely speaks to. */
export class SqlAudit implements AuditLog {
  readonly #db: Kysely<Tables>;
  readonly #access: Access;

  /** `access` names failures of the database. */
  constructor(db: Kysely<Tables>, access: Access) {
    this.#db = db;
    this.#access = access;
  }

  async record(id: string, entry: AuditEntry): Promise<boolean> {
    const insert = this.#db
      .insertInto("audit")
      .values({ id, ...entry })
      .onConflict((conflict) => conflict.column("id").doNothing());
    const { numInsertedOrUpdatedRows } = await this.#access(() => insert.executeTakeFirst());
    return numInsertedOrUpdatedRows === 1n;
  }

  async list({ limit, since, rolloutId, subject, action }: AuditQuery): Promise<AuditEntry[]> {
    let query = this.#db
      .selectFrom("audit")
      .select(["at", "actor", "action", "kind", "subject", "rollout_id", "why"])
      .orderBy("at", "desc")
      .orderBy("id")
      .limit(limit);
    if (since !== undefined) query = query.where("at", ">=", since);
    if (rolloutId !== undefined) query = query.where("rollout_id", "=", rolloutId);
    if (subject !== undefined) query = query.where("subject", "=", subject);
    if (action !== undefined) query = query.where("action", "=", action);
    return this.#access(async () => (await query.execute()).map((row) => auditEntry.parse(row)));
  }

  async removeBefore(time: string, most: number): Promise<number> {
    const old = this.#db.selectFrom("audit").select("id").where("at", "<", time).orderBy("at").limit(most);
    const removal = this.#db.deleteFrom("audit").where("id", "in", old);
    return this.#access(async () => Number((await removal.executeTakeFirst()).numDeletedRows));
  }
}
