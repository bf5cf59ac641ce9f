/** The longest that each kind of request to the daemon may take, in milliseconds; a busy daemon starts hundreds in one. */
export const deadlines = {
  /** Reading state: inspect, list, info. */
  ask: 30_000,
  create: 120_000,
  start: 120_000,
  /** Opening a stream to the guest, the handshake of the exec included. */
  dial: 30_000,
  kill: 60_000,
  /** One attempt to remove a container. */
  remove: 60_000,
  /** All attempts to remove a container together. */
  teardown: 120_000,
  /** Copying the guest's binary to the daemon. */
  copy: 120_000,
  commit: 1_800_000,
  pull: 1_800_000,
  build: 3_600_000,
  exportRootfs: 1_800_000,
} as const;
