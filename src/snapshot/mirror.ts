import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import PQueue from "p-queue";
import { z } from "zod";
import { allocatedBytes } from "../core/allocated-bytes.ts";
import { crashPoint } from "../core/crash-point.ts";
import { BerthError, toBerthError } from "../core/errors.ts";
import { withDeadline } from "../core/deadline.ts";
import { exists } from "../core/exists.ts";
import { lock } from "../core/lock-file.ts";
import { paced } from "../core/pace.ts";
import { bytesInWords } from "../core/quantities.ts";
import type { CachedItem } from "./eviction.ts";
import type { Cache } from "./evictor.ts";
import { gitIn, type Git, type GitOptions } from "./git.ts";
import { defaultRepositoryLimits, type RepositoryLimits } from "./limits.ts";
import { commitId, originUrl, printableUrl } from "./origin.ts";
import { SingleFlight } from "./single-flight.ts";
import { Uses } from "./uses.ts";
import { sizeOf, watchSize } from "./watch-size.ts";

export interface MirrorRequest {
  readonly url: string;
  readonly commit: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (message: string) => void;
}

/** A bare repository that holds the commit, and is not evicted until this is disposed of. */
export interface MirrorLease extends Disposable {
  readonly path: string;
}

/** For a fetch in another process. */
const PATIENCE_MS = 7_200_000;

/** In the mirror's own folder: what git does not know it leaves alone. Its mtime is the time of the last use. */
const RECORD = "berth.json";

const record = z.strictObject({ url: z.string(), bytes: z.number() });

/** Bare copies of origins, one an URL, fetched from only when a commit is missing. */
export class Mirrors implements Cache {
  readonly #dir: string;
  readonly #processEnv: GitOptions["processEnv"];
  readonly #limits: Pick<RepositoryLimits, "mirrorBytes">;
  readonly #flights = new SingleFlight<void>();
  /** One fetch a mirror at a time: git locks each ref. */
  readonly #fetches = new Map<string, PQueue>();
  readonly #uses = new Uses((path) => join(path, RECORD));

  constructor(
    dir: string,
    processEnv: GitOptions["processEnv"],
    limits: Pick<RepositoryLimits, "mirrorBytes"> = defaultRepositoryLimits,
  ) {
    this.#dir = dir;
    this.#processEnv = processEnv;
    this.#limits = limits;
  }

  /** @throws BerthError `invalid_environment`, `repository_unreachable`, `commit_not_found`, `repository_refused` when it is too large */
  async ensure(request: MirrorRequest): Promise<MirrorLease> {
    const url = originUrl(request.url);
    commitId(request.commit);
    const path = join(this.#dir, `${createHash("sha256").update(url).digest("hex").slice(0, 32)}.git`);
    const hold = await this.#uses.hold(path);
    try {
      const work = async (signal: AbortSignal) => {
        using _hold = this.#uses.extend(path);
        const call = { ...request, signal };
        if ((await exists(path)) && (await hasCommit(this.#git(path, call), request.commit))) return;
        await this.#fetchQueue(path).add(() => this.#fetch(path, url, call));
      };
      await this.#flights.run(`${path} ${request.commit}`, work, request.signal);
      return { path, [Symbol.dispose]: () => hold[Symbol.dispose]() };
    } catch (error) {
      hold[Symbol.dispose]();
      throw error;
    }
  }

  /** With the sizes that were taken when they were last fetched into. */
  async list(): Promise<readonly CachedItem[]> {
    const names = await readdir(this.#dir).catch((): string[] => []);
    const items: CachedItem[] = [];
    for (const id of names.filter((name) => name.endsWith(".git"))) {
      const path = join(this.#dir, id);
      // One that vanishes meanwhile has no size.
      const known = (await readRecord(path)) ?? (await this.#record(path, "unknown").catch(() => undefined));
      const lastUsedMs = await this.#uses.lastUsedMs(path);
      if (!known || lastUsedMs === undefined) continue;
      const { url, bytes } = known;
      items.push({ kind: "mirror", id, name: url, bytes, lastUsedMs, inUse: this.#uses.isHeld(path) });
    }
    return items;
  }

  async evict(id: string, unlessUsedSinceMs: number): Promise<boolean> {
    const path = join(this.#dir, basename(id));
    return this.#uses.removeUnused(path, unlessUsedSinceMs, async () => {
      // Out of sight first, so that a crash leaves no half of a mirror; the next one of this URL takes the draft away.
      const draft = draftOf(path);
      await rm(draft, { recursive: true, force: true });
      await rename(path, draft).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") throw error;
      });
      await rm(draft, { recursive: true, force: true });
    });
  }

  /** A mirror that nothing ever came into is not kept. */
  async #fetch(path: string, url: string, request: MirrorRequest): Promise<void> {
    request.signal?.throwIfAborted();
    // Another process of this data directory may be fetching.
    const file = join(dirname(this.#dir), "locks", `mirror-${basename(path)}`);
    const alone = (patience: AbortSignal) => lock(file, patience);
    const parent = request.signal;
    await using _alone = await withDeadline("waiting for another process's fetch", PATIENCE_MS, alone, { parent });
    if (!(await exists(path))) await this.#init(path);
    crashPoint("mirror.made");
    const tooLarge = new AbortController();
    const signal = AbortSignal.any([tooLarge.signal, ...(request.signal ? [request.signal] : [])]);
    const git = this.#git(path, { ...request, signal });
    // The fetch that was waited for may have brought it.
    if (await hasCommit(git, request.commit)) return;
    const { onProgress = () => {} } = request;
    onProgress(`fetching ${printableUrl(url)}`);
    const tell = paced((bytes: number) => onProgress(`fetching: the mirror has ${bytesInWords(bytes)}`));
    const packs = join(path, "objects", "pack");
    // Also when it was made by someone who was killed before anything came.
    const isNew = (await readdir(packs)).length === 0;
    const { mirrorBytes } = this.#limits;
    try {
      using _watch = watchSize(packs, mirrorBytes, () => tooLarge.abort(), tell);
      await fetchInto(git, url, request.commit);
      crashPoint("mirror.fetched");
      if ((await sizeOf(packs)) > mirrorBytes) tooLarge.abort();
      tooLarge.signal.throwIfAborted();
      await this.#record(path, printableUrl(url));
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

  async #record(path: string, url: string): Promise<z.infer<typeof record>> {
    const known = { url, bytes: await allocatedBytes(path) };
    await writeFile(join(path, RECORD), JSON.stringify(known));
    return known;
  }

  #git(path: string, { signal, onProgress }: MirrorRequest): Git {
    return gitIn(path, { processEnv: this.#processEnv, signal, isolated: false, onProgress });
  }

  #fetchQueue(path: string): PQueue {
    const queue = this.#fetches.get(path) ?? new PQueue({ concurrency: 1 });
    this.#fetches.set(path, queue);
    return queue;
  }

  /** The rename is the moment at which the mirror exists, so that a crash leaves no half of one. */
  async #init(path: string): Promise<void> {
    const draft = draftOf(path);
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { recursive: true });
    const git = gitIn(draft, { processEnv: this.#processEnv, isolated: true });
    await git.raw("init", "--quiet", "--bare");
    await git.raw("config", "uploadpack.allowAnySHA1InWant", "true");
    await rename(draft, path);
  }
}

async function readRecord(path: string): Promise<z.infer<typeof record> | undefined> {
  const text = await readFile(join(path, RECORD), "utf8").catch(() => "");
  try {
    return record.parse(JSON.parse(text));
  } catch {
    // A crash left half of it, or nothing.
    return undefined;
  }
}

const draftOf = (path: string): string => `${path}.draft`;

async function fetchInto(git: Git, url: string, commit: string): Promise<void> {
  const attempts = [["+refs/*:refs/*"], [commit]];
  let last: unknown;
  let isReached = true;
  for (const refs of attempts) {
    last = await git.raw("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--", url, ...refs).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (await hasCommit(git, commit)) return;
    if (last !== undefined) isReached = await reachable(git, url);
    if (!isReached) break;
  }
  if (!isReached) {
    throw new BerthError(
      "repository_unreachable",
      `The repository ${printableUrl(url)} cannot be read: ${gitSays(last)}`,
    );
  }
  throw new BerthError("commit_not_found", `The repository ${printableUrl(url)} has no commit ${commit}.`);
}

const reachable = (git: Git, url: string): Promise<boolean> =>
  git.raw("ls-remote", "--quiet", "--", url, "HEAD").then(
    () => true,
    () => false,
  );

const hasCommit = (git: Git, commit: string): Promise<boolean> =>
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
