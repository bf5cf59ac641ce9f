/** What one controller may ask of PostgreSQL, and how long it waits for it. Times in milliseconds. */
export interface PostgresLimits {
  /** Connections at a time. */
  readonly connections: number;
  /** For a connection: a free one of the pool, or a new one with its handshake. */
  readonly connectMs: number;
  /** How long the server works on one statement, and how long of that it waits for a lock. */
  readonly statementMs: number;
  readonly lockMs: number;
  /** For the answer to one statement. Longer than the server's own limit: then what is cut off is a server that does not answer at all. */
  readonly answerMs: number;
  /** For the farewell to every connection; then they are cut off. */
  readonly closeMs: number;
}

/** With these no call of the store takes longer than 20 s for each of its statements. */
export const ordinaryLimits: PostgresLimits = {
  connections: 10,
  connectMs: 5_000,
  statementMs: 10_000,
  lockMs: 5_000,
  answerMs: 15_000,
  closeMs: 5_000,
};

/** A migration may rewrite a large table, and waits for one that another controller carries out. */
export const migrationLimits: PostgresLimits = {
  ...ordinaryLimits,
  connections: 2,
  statementMs: 600_000,
  lockMs: 600_000,
  answerMs: 605_000,
};
