import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { UNSYNCED } from "../sql/unsynced.ts";

/** One write; it stands or falls by itself. */
export interface Write {
  readonly sql: string;
  readonly parameters: readonly SQLInputValue[];
}

export interface Written {
  /** What `returning` names. */
  readonly rows: unknown[];
  readonly changes: bigint;
}

/** What a write did, once it is committed; or why nothing of it is there. */
export type Outcome = { readonly written: Written } | { readonly error: unknown };

/** Prepared statements that are kept; the store has some dozen texts. */
const MOST_PREPARED = 200;

/**
 * Runs writes in their order in one transaction: one commit, one sync of the disk, none when no write needs it. A write
 * that fails undoes itself alone; when the transaction fails, all of them do. Never throws.
 */
export function committer(database: DatabaseSync): (writes: readonly Write[]) => Outcome[] {
  const prepared = new Map<string, { statement: StatementSync; gives: boolean }>();

  const prepare = (sql: string) => {
    const known = prepared.get(sql);
    if (known) return known;
    if (prepared.size >= MOST_PREPARED) prepared.clear();
    const statement = database.prepare(sql);
    const made = { statement, gives: statement.columns().length > 0 };
    prepared.set(sql, made);
    return made;
  };

  const write = ({ sql, parameters }: Write): Outcome => {
    try {
      const { statement, gives } = prepare(sql);
      if (!gives) return { written: { rows: [], changes: BigInt(statement.run(...parameters).changes) } };
      const rows = statement.all(...parameters);
      return { written: { rows, changes: BigInt(rows.length) } };
    } catch (error) {
      // A full disk or a failed read takes the whole transaction with it.
      if (!database.isTransaction) throw error;
      return { error };
    }
  };

  return (writes) => {
    // In WAL, NORMAL is FULL without the sync at the end of a commit; the next FULL commit syncs those before it, too.
    const level = writes.every(({ sql }) => sql.endsWith(UNSYNCED)) ? "normal" : "full";
    try {
      database.exec(`pragma synchronous = ${level}; begin immediate`);
      const outcomes = writes.map(write);
      database.exec("commit");
      return outcomes;
    } catch (error) {
      if (database.isTransaction) database.exec("rollback");
      return writes.map(() => ({ error }));
    }
  };
}
