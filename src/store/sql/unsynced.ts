/**
 * Ends the text of a write that need not wait for the disk: it outlives the process when it is acknowledged, and a
 * failure of power once a later write is. A dialect that cannot make the difference passes over the comment.
 */
export const UNSYNCED = "/* unsynced */";
