/** What an origin may cost the controller's machine: a few kilobytes of its objects can stand for any number of files. */
export interface RepositoryLimits {
  /** Size of a mirror's packs, in bytes. */
  readonly mirrorBytes: number;
  /** Files of one commit. */
  readonly files: number;
  /** Size of all files of one commit, in bytes. */
  readonly treeBytes: number;
}

export const defaultRepositoryLimits: RepositoryLimits = {
  mirrorBytes: 32 * 1024 ** 3,
  files: 500_000,
  treeBytes: 16 * 1024 ** 3,
};
