import { createHash } from "node:crypto";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import PQueue from "p-queue";
import type { SimpleGit } from "simple-git";
import { BerthError, toBerthError } from "../core/errors.ts";
import { exists } from "../core/exists.ts";
import { gitIn, type GitOptions } from "./git.ts";
import { defaultRepositoryLimits, type RepositoryLimits } from "./limits.ts";
import { originUrl, printableUrl } from "./origin.ts";
import { SingleFlight } from "./single-flight.ts";
import { sizeOf, watchSize } from "./watch-size.ts";

export interface MirrorRequest {
  readonly url: string;
  readonly commit: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (message: string) => void;
}

/** Bare copies of origins, one an URL, fetched from only when a commit is missing. */
export class Mirrors {
  readonly #dir: string;
  readonly #processEnv: GitOptions["processEnv"];
  readonly #limits: Pick<RepositoryLimits, "mirrorBytes">;
  readonly #flights = new SingleFlight<string>();
  /** One fetch a mirror at a time: git locks each ref. */
  readonly #fetches = new Map<string, PQueue>();

  constructor(
    dir: string,
    processEnv: GitOptions["processEnv"],
    limits: Pick<RepositoryLimits, "mirrorBytes"> = defaultRepositoryLimits,
  ) {
    this.#dir = dir;
    this.#processEnv = processEnv;
    this.#limits = limits;
  }

  /**
   * The path of a bare repository that holds the commit.
   * @throws BerthError `invalid_environment`, `repository_unreachable`, `commit_not_found`, `repository_refused` when it is too large
   */
  async ensure(request: MirrorRequest): Promise<string> {
    const url = originUrl(request.url);
    const path = join(this.#dir, `${createHash("sha256").update(url).digest("hex").slice(0, 32)}.git`);
    const work = async (signal: AbortSignal) => {
      const call = { ...request, signal };
      if ((await exists(path)) && (await hasCommit(this.#git(path, call), request.commit))) return path;
      await this.#fetchQueue(path).add(() => this.#fetch(path, url, call));
      return path;
    };
    return this.#flights.run(`${path} ${request.commit}`, work, request.signal);
  }

  /** A mirror that nothing ever came into is not kept. */
  async #fetch(path: string, url: string, request: MirrorRequest): Promise<void> {
    request.signal?.throwIfAborted();
    const isNew = !(await exists(path));
    if (isNew) await this.#init(path);
    const tooLarge = new AbortController();
    const signal = AbortSignal.any([tooLarge.signal, ...(request.signal ? [request.signal] : [])]);
    const git = this.#git(path, { ...request, signal });
    // The fetch that was waited for may have brought it.
    if (await hasCommit(git, request.commit)) return;
    request.onProgress?.(`fetching ${printableUrl(url)}`);
    const packs = join(path, "objects", "pack");
    const { mirrorBytes } = this.#limits;
    try {
      using _watch = watchSize(packs, mirrorBytes, () => tooLarge.abort());
      await fetchInto(git, url, request.commit);
      if ((await sizeOf(packs)) > mirrorBytes) tooLarge.abort();
      tooLarge.signal.throwIfAborted();
    } catch (error) {
      if (isNew || tooLarge.signal.aborted) await rm(path, { recursive: true, force: true });
      if (!tooLarge.signal.aborted) throw error;
      throw new BerthError(
        "repository_refused",
        `The repository ${printableUrl(url)} has more than ${mirrorBytes} bytes.`,
        { cause: error },
      );
    }
  }

  #git(path: string, { signal, onProgress }: MirrorRequest): SimpleGit {
    return gitIn(path, { processEnv: this.#processEnv, signal, isolated: false, onProgress });
  }

  #fetchQueue(path: string): PQueue {
    const queue = this.#fetches.get(path) ?? new PQueue({ concurrency: 1 });
    this.#fetches.set(path, queue);
    return queue;
  }

  /** The rename is the moment at which the mirror exists, so that a crash leaves no half of one. */
  async #init(path: string): Promise<void> {
    const draft = `${path}.draft`;
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { recursive: true });
    const git = gitIn(draft, { processEnv: this.#processEnv, isolated: true });
    await git.raw("init", "--quiet", "--bare");
    await git.raw("config", "uploadpack.allowAnySHA1InWant", "true");
    await rename(draft, path);
  }
}

async function fetchInto(git: SimpleGit, url: string, commit: string): Promise<void> {
  const attempts = [["+refs/*:refs/*"], [commit]];
  let last: unknown;
  for (const refs of attempts) {
    last = await git.raw("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", url, ...refs).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (await hasCommit(git, commit)) return;
    if (last !== undefined && refs !== attempts[1] && !(await reachable(git, url))) break;
  }
  if (last !== undefined && !(await reachable(git, url))) {
    throw new BerthError(
      "repository_unreachable",
      `The repository ${printableUrl(url)} cannot be read: ${gitSays(last)}`,
    );
  }
  throw new BerthError("commit_not_found", `The repository ${printableUrl(url)} has no commit ${commit}.`);
}

const reachable = (git: SimpleGit, url: string): Promise<boolean> =>
  git.raw("ls-remote", "--quiet", url, "HEAD").then(
    () => true,
    () => false,
  );

const hasCommit = (git: SimpleGit, commit: string): Promise<boolean> =>
  git.raw("rev-parse", "--verify", "--quiet", `${commit}^{commit}`).then(
    (found) => found.trim() === commit,
    () => false,
  );

/** git says first what is wrong, then what one might check. */
function gitSays(error: unknown): string {
  const lines = toBerthError(error)
    .message.split("\n")
    .filter((line) => line.trim() !== "");
  const said = lines.find((line) => /^(?:fatal|error|ssh): /.test(line)) ?? lines.at(-1) ?? "git said nothing";
  return printableUrl(said).slice(0, 500);
}
