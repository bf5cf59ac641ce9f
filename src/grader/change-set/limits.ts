/** What an export may cost the controller. Beyond a total the change set is refused as a whole, beyond `fileBytes` only the file. */
export interface ChangeSetLimits {
  /** Entries of the workspace that are listed, changed or not. */
  readonly treeEntries: number;
  /** Size of a file of the workspace that is hashed, changed or not, in bytes. */
  readonly hashedFileBytes: number;
  /** Files written and deleted together. */
  readonly changes: number;
  /** Size of one written file, in bytes. */
  readonly fileBytes: number;
  /** Size of all written files, in bytes. */
  readonly totalBytes: number;
  /** Refused entries that are named one by one; the rest is counted. */
  readonly refused: number;
}

export const defaultChangeSetLimits: ChangeSetLimits = {
  treeEntries: 500_000,
  hashedFileBytes: 1024 ** 3,
  changes: 10_000,
  fileBytes: 8 * 1024 ** 2,
  totalBytes: 64 * 1024 ** 2,
  refused: 500,
};
