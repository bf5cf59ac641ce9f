import { BerthError } from "../core/errors.ts";
import { gitIn, type GitOptions } from "../snapshot/git.ts";
import type { Mirrors } from "../snapshot/mirror.ts";
import type { BaseFiles } from "./test-files.ts";

/** Of one file that a diff of tests changes. */
const MOST_FILE_BYTES = 4 * 1024 * 1024;

export interface RepositoriesOptions {
  readonly mirrors: Pick<Mirrors, "ensure">;
  /** A URL with `{repo}` in it, for rows that say `owner/name`. */
  readonly url: string;
  readonly processEnv: GitOptions["processEnv"];
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((message: string) => void) | undefined;
}

/** The repositories that rows name, mirrored once each when a file of them is first asked for. */
export class Repositories {
  readonly #options: RepositoriesOptions;

  constructor(options: RepositoriesOptions) {
    this.#options = options;
  }

  /** @throws BerthError `repository_unreachable`, `commit_not_found`, `repository_refused`, `file_too_large` when a file is read */
  at(repo: string, commit: string): BaseFiles {
    return { read: (path) => this.#read(repo, commit, path) };
  }

  async #read(repo: string, commit: string, path: string) {
    const { mirrors, url, processEnv, signal, onProgress } = this.#options;
    const origin = /^[\w.-]+\/[\w.-]+$/.test(repo) ? url.replaceAll("{repo}", repo) : repo;
    using mirror = await mirrors.ensure({
      url: origin,
      commit,
      ...(signal ? { signal } : {}),
      ...(onProgress ? { onProgress } : {}),
    });
    const git = gitIn(mirror.path, { processEnv, isolated: true, signal });
    const listed = await git.raw("ls-tree", "-z", commit, "--", path);
    const [, mode, blob] = /^(100644|100755) blob ([0-9a-f]{40,64})\t/.exec(listed) ?? [];
    if (mode === undefined || blob === undefined) return undefined;
    const pieces: Buffer[] = [];
    let bytes = 0;
    await git.read(["cat-file", "blob", blob], (piece) => {
      bytes += piece.length;
      if (bytes > MOST_FILE_BYTES)
        throw new BerthError("file_too_large", `${path} has more than ${MOST_FILE_BYTES} bytes.`);
      pieces.push(piece);
    });
    return { bytes: Buffer.concat(pieces), mode: mode === "100755" ? 0o755 : 0o644 };
  }
}
