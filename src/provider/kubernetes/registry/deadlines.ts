/** The longest that each kind of request to a registry may take, in milliseconds. */
export const deadlines = {
  /** A manifest, a page of tags, whether a blob is there. */
  ask: 30_000,
  /** A manifest that is written or removed, the begin and the end of an upload: some registries check all layers meanwhile. */
  keep: 120_000,
  /** One blob that comes or goes. */
  transfer: 1_800_000,
} as const;
