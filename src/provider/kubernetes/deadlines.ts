/** The longest that each kind of request may take, in milliseconds, its wait for the rate limit included. */
export const deadlines = {
  /** Reading one object, or asking what is permitted. */
  ask: 30_000,
  /** One page of a list. */
  list: 60_000,
  create: 60_000,
  remove: 30_000,
  /** Until the API server begins to answer a watch. */
  watch: 30_000,
  /** From the first removal of a pod until nothing of it is left: nodes take a second or two, busy ones a minute. */
  teardown: 110_000,
  /** A connection to a guest's door. */
  dial: 10_000,
  /** The first list of an owner's pods. */
  sync: 60_000,
} as const;
