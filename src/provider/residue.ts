/** Something that is left of a sandbox that is no more, or of the making of one. */
export interface Residue {
  readonly kind:
    | "cgroup"
    | "container"
    | "folder"
    | "id_range"
    | "loop_device"
    | "mount"
    | "pod"
    | "runtime_state"
    | "socket"
    | "volume";
  /** Its name or its path. */
  readonly id: string;
  /** The installation that it belongs to; null where nothing tells. */
  readonly owner: string | null;
  /** Unix milliseconds; null where nothing tells. */
  readonly sinceMs: number | null;
  /** Why it is left over. */
  readonly why: string;
  /** What removes it, for people. */
  readonly remedy: string;
  /** Whether it costs nothing and goes by itself: told, but no leak. */
  readonly harmless: boolean;
  /** Removes it if it is still left over; absent where that is for whoever owns it. */
  readonly remove?: () => Promise<void>;
}

/** What begins may lie about for so long before it is whole. */
export const BEGINNING_MS = 60_000;
