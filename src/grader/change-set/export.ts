import { createHash } from "node:crypto";
import { BerthError } from "../../core/errors.ts";
import type { Guest } from "../../guest/guest.ts";
import type { ChangeSet, TreeEntry } from "../../model/change-set.ts";
import { defaultChangeSetLimits, type ChangeSetLimits } from "./limits.ts";
import { pathFault } from "./path-fault.ts";

export interface ExportRequest {
  /** Of the rollout's sandbox, after `quiesce`: nothing of the policy runs any more. */
  readonly guest: Guest;
  /** The workspace of the snapshot, listed when it was built. */
  readonly baseTree: readonly TreeEntry[];
  readonly snapshot: string;
  /** Changes that are not worth reading, with the reason: dependency folders, caches. */
  readonly leaveOut?: (path: string) => string | undefined;
  readonly limits?: Partial<ChangeSetLimits>;
  readonly signal?: AbortSignal;
}

type FileEntry = Extract<TreeEntry, { type: "file" }>;

/** One page of a file, in bytes; the guest gives at most 8 MiB. */
const pageBytes = 4 * 1024 ** 2;

/**
 * What a rollout did to its workspace, without running anything inside: the guest's listing is compared with the
 * snapshot's by content and executable bit. Regular files only; links, devices, git's files and odd names are refused by
 * name, and every file that is read must have the content that was listed.
 * @throws BerthError `change_set_too_large` beyond a limit, and what the guest's requests throw
 */
export async function exportChangeSet(request: ExportRequest): Promise<ChangeSet> {
  const limits = { ...defaultChangeSetLimits, ...request.limits };
  const refused = new RefusedChanges(limits.refused);
  const base = new Map(request.baseTree.map((entry) => [entry.path, entry]));
  const current = await listWorkspace(request, limits);

  const changed: FileEntry[] = [];
  const deleted: string[] = [];
  const present = new Set<string>();
  for (const entry of current) {
    if (present.has(entry.path))
      throw new BerthError("guest_protocol", "The guest listed a path of the workspace twice.");
    present.add(entry.path);
    if (sameEntry(base.get(entry.path), entry)) continue;
    const fault = faultOf(entry, limits) ?? request.leaveOut?.(entry.path);
    if (fault !== undefined) refused.add(entry.path, fault);
    else changed.push(entry as FileEntry);
  }
  for (const path of base.keys()) {
    if (present.has(path)) continue;
    const fault = pathFault(path) ?? request.leaveOut?.(path);
    if (fault === undefined) deleted.push(path);
    else refused.add(path, fault);
  }
  assertWithin("files", changed.length + deleted.length, limits.changes);
  assertWithin(
    "bytes",
    changed.reduce((sum, entry) => sum + entry.size, 0),
    limits.totalBytes,
  );

  const written: ChangeSet["written"] = [];
  for (const entry of changed) {
    const content = await readVerified(request, entry);
    if (content === undefined) refused.add(entry.path, "the file changed while it was read");
    else written.push({ path: entry.path, executable: isExecutable(entry), content: content.toString("base64") });
  }
  return { snapshot: request.snapshot, written, deleted, refused: refused.list() };
}

async function listWorkspace({ guest, signal }: ExportRequest, limits: ChangeSetLimits): Promise<readonly TreeEntry[]> {
  try {
    const entries = await guest.tree(
      { exclude: [".git"], maxEntries: limits.treeEntries, maxFileBytes: limits.hashedFileBytes },
      { timeoutMs: 300_000, ...(signal && { signal }) },
    );
    assertWithin("entries of the workspace", entries.length, limits.treeEntries);
    return entries;
  } catch (thrown) {
    if (thrown instanceof BerthError && thrown.code === "file_too_large")
      throw new BerthError("change_set_too_large", `The workspace cannot be listed: ${thrown.message}`, {
        cause: thrown,
      });
    throw thrown;
  }
}

function faultOf(entry: TreeEntry, limits: ChangeSetLimits): string | undefined {
  const fault = pathFault(entry.path);
  if (fault !== undefined) return fault;
  if (entry.type === "link") return "links do not cross";
  if (entry.type === "other") return "only regular files cross";
  if (entry.size > limits.fileBytes) return `the file is larger than ${limits.fileBytes} bytes`;
  if ((entry.mode & 0o7000) !== 0) return "setuid, setgid and sticky files do not cross";
  return undefined;
}

async function readVerified({ guest, signal }: ExportRequest, entry: FileEntry): Promise<Buffer | undefined> {
  const options = signal ? { signal } : {};
  const pages: Buffer[] = [];
  let offset = 0;
  while (offset < entry.size) {
    const page = await guest
      .read(entry.path, { offset, limit: Math.min(pageBytes, entry.size - offset) }, options)
      .catch(gone);
    if (page === undefined || page.bytes.length === 0 || page.size !== entry.size) return undefined;
    pages.push(page.bytes);
    offset += page.bytes.length;
  }
  const content = Buffer.concat(pages);
  return createHash("sha256").update(content).digest("hex") === entry.sha256 ? content : undefined;
}

/** A listed file that cannot be read is the policy's doing; anything else is not. */
function gone(thrown: unknown): undefined {
  if (thrown instanceof BerthError && thrown.causedBy === "policy") return undefined;
  throw thrown;
}

function sameEntry(base: TreeEntry | undefined, entry: TreeEntry): boolean {
  if (base === undefined || base.type !== entry.type) return false;
  if (base.type === "link" && entry.type === "link") return base.target === entry.target;
  if (base.type === "file" && entry.type === "file")
    return base.sha256 === entry.sha256 && base.size === entry.size && isExecutable(base) === isExecutable(entry);
  return base.type === "other";
}

const isExecutable = (entry: FileEntry): boolean => (entry.mode & 0o100) !== 0;

function assertWithin(what: string, amount: number, limit: number): void {
  if (amount > limit)
    throw new BerthError("change_set_too_large", `The change set has ${amount} ${what}; the limit is ${limit}.`);
}

class RefusedChanges {
  readonly #named: ChangeSet["refused"] = [];
  readonly #most: number;
  #more = 0;

  constructor(most: number) {
    this.#most = most;
  }

  add(path: string, reason: string): void {
    if (this.#named.length < this.#most) this.#named.push({ path: path.slice(0, 1024), reason });
    else this.#more += 1;
  }

  list(): ChangeSet["refused"] {
    return this.#more === 0 ? this.#named : [...this.#named, { path: "*", reason: `${this.#more} more were refused` }];
  }
}
