import { posix } from "node:path";
import { BerthError } from "../../../core/errors.ts";
import type { FileStat } from "../../../guest/guest.ts";
import { byteTextOf, bytesOf } from "../byte-text.ts";
import { requireText, type WholeFile } from "../text-file.ts";
import { type AppliedHunks, applyHunks } from "./apply-hunks.ts";
import type { FileChange, Hunk, Patch } from "./patch.ts";

/** Where the plan reads from; both throw the policy errors of files. */
export interface PlanSource {
  readonly workdir: string;
  /** Null when nothing is there. */
  stat(path: string): Promise<FileStat | null>;
  read(path: string): Promise<WholeFile>;
}

/** A file before and after the patch. */
export interface PlannedFile {
  /** As the patch names it. */
  readonly path: string;
  /** Null: it is not there. `opaque`: it is, but its content was not read and cannot be put back. */
  readonly before: WholeFile | "opaque" | null;
  /** Null: it is to be removed. */
  readonly after: Buffer | null;
  /** Set where the patch changes it, or where a new file must have it. */
  readonly executable?: boolean;
}

/** What one part of the patch did, for the answer. */
export interface PlannedStep {
  readonly type: "added" | "updated" | "moved" | "deleted";
  readonly path: string;
  readonly movedTo?: string;
  readonly applied?: AppliedHunks;
}

export interface PatchPlan {
  readonly files: readonly PlannedFile[];
  readonly steps: readonly PlannedStep[];
}

/** All texts of a patch together, in bytes, before and after it. */
const maxTotalBytes = 32 * 1024 * 1024;

/**
 * Works out every file's new content without changing anything. Parts of the patch that touch the same file see what the
 * parts before them did.
 * @throws BerthError `invalid_patch`, `file_not_found`, `file_exists`, `not_a_file`, `not_text`, `file_too_large` and what the source throws
 */
export async function planPatch(patch: Patch, source: PlanSource): Promise<PatchPlan> {
  const planner = new Planner(source);
  const steps: PlannedStep[] = [];
  for (const change of patch.changes) steps.push(await planner.plan(change));
  return { files: planner.files(), steps };
}

class Planner {
  readonly #source: PlanSource;
  /** By normalised path. */
  readonly #files = new Map<string, PlannedFile>();
  #totalBytes = 0;

  constructor(source: PlanSource) {
    this.#source = source;
  }

  files(): PlannedFile[] {
    return [...this.#files.values()].filter((file) => file.before !== null || file.after !== null);
  }

  plan(change: FileChange): Promise<PlannedStep> {
    if (change.type === "add") return this.#add(change);
    return change.type === "delete" ? this.#delete(change) : this.#update(change);
  }

  async #add(change: FileChange & { type: "add" }): Promise<PlannedStep> {
    const { path, lines, newlineAtEnd, executable } = change;
    const file = await this.#absent(path, "The patch adds");
    const text = lines.length === 0 ? "" : lines.join("\n") + (newlineAtEnd ? "\n" : "");
    this.#set(path, { ...file, after: Buffer.from(text, "utf8"), ...(executable === undefined ? {} : { executable }) });
    return { type: "added", path, applied: { text: "", hunks: [], added: lines.length, removed: 0 } };
  }

  async #delete({ path, hunks }: FileChange & { type: "delete" }): Promise<PlannedStep> {
    if (hunks.length > 0) {
      const file = await this.#present(path, "deletes");
      const applied = applyTo(path, file.content, hunks);
      if (applied.text !== "")
        throw new BerthError(
          "invalid_patch",
          `${path}: the patch deletes it, but its hunks do not remove all of its lines.`,
        );
      this.#set(path, { ...file.planned, after: null });
      return { type: "deleted", path, applied };
    }
    const known = this.#files.get(this.#key(path));
    if (known) {
      if (known.after === null) throw missing(path, "deletes");
      this.#set(path, { ...known, after: null });
      return { type: "deleted", path };
    }
    const stat = await this.#source.stat(path);
    if (stat === null) throw missing(path, "deletes");
    if (stat.type === "directory")
      throw new BerthError("not_a_file", `${path} is a directory; a patch deletes files only.`);
    this.#set(path, { path, before: await this.#readForUndo(path, stat), after: null });
    return { type: "deleted", path };
  }

  async #update(change: FileChange & { type: "update" }): Promise<PlannedStep> {
    const { path, hunks, executable } = change;
    const { planned, content } = await this.#present(path, "updates");
    const applied = applyTo(path, content, hunks);
    const after = hunks.length === 0 ? content.bytes : bytesOf(applied.text);
    const moveTo =
      change.moveTo !== undefined && this.#key(change.moveTo) !== this.#key(path) ? change.moveTo : undefined;
    if (moveTo === undefined) {
      this.#set(path, { ...planned, after, ...(executable === undefined ? {} : { executable }) });
      return { type: "updated", path, applied };
    }
    const target = await this.#absent(moveTo, `The patch moves ${path} to`);
    this.#set(path, { ...planned, after: null });
    this.#set(moveTo, { ...target, after, executable: executable ?? (content.mode & 0o111) !== 0 });
    return { type: "moved", path, movedTo: moveTo, applied };
  }

  /** A file that must be there, as the parts of the patch so far have left it. */
  async #present(path: string, verb: string): Promise<{ planned: PlannedFile; content: WholeFile }> {
    const known = this.#files.get(this.#key(path));
    if (known?.after === null) throw missing(path, verb);
    if (known) {
      const mode = known.executable
        ? 0o755
        : known.before === null || known.before === "opaque"
          ? 0o644
          : known.before.mode;
      return { planned: known, content: { bytes: known.after, mode } };
    }
    const content = await this.#source.read(path).catch((error: unknown) => {
      throw error instanceof BerthError && error.code === "file_not_found" ? missing(path, verb) : error;
    });
    return { planned: { path, before: content, after: content.bytes }, content };
  }

  /** A path that must be free. */
  async #absent(path: string, what: string): Promise<PlannedFile> {
    const known = this.#files.get(this.#key(path));
    const taken = known ? known.after !== null : (await this.#source.stat(path)) !== null;
    if (taken) {
      throw new BerthError("file_exists", `${what} ${path}, but it exists already.`, {
        remedy: "Nothing was changed. Use `*** Update File:` to change it, or choose another path.",
      });
    }
    return known ?? { path, before: null, after: null };
  }

  async #readForUndo(path: string, stat: FileStat): Promise<WholeFile | "opaque"> {
    if (stat.type !== "file") return "opaque";
    return await this.#source.read(path).catch((error: unknown) => {
      if (error instanceof BerthError && error.code === "file_too_large") return "opaque" as const;
      throw error;
    });
  }

  #set(path: string, file: PlannedFile): void {
    const before = file.before === null || file.before === "opaque" ? 0 : file.before.bytes.length;
    this.#totalBytes += this.#files.has(this.#key(path)) ? 0 : before;
    this.#totalBytes += file.after?.length ?? 0;
    if (this.#totalBytes > maxTotalBytes) {
      throw new BerthError("file_too_large", `The files of the patch hold more than ${maxTotalBytes} bytes together.`, {
        remedy: "Nothing was changed. Send the patch in parts.",
      });
    }
    this.#files.set(this.#key(path), file);
  }

  #key(path: string): string {
    const absolute = posix.resolve(this.#source.workdir, path);
    return posix.relative(this.#source.workdir, absolute);
  }
}

function applyTo(path: string, file: WholeFile, hunks: readonly Hunk[]): AppliedHunks {
  if (hunks.length === 0) return { text: "", hunks: [], added: 0, removed: 0 };
  requireText(path, file.bytes);
  return applyHunks(path, byteTextOf(file.bytes), hunks);
}

const missing = (path: string, verb: string): BerthError =>
  new BerthError("file_not_found", `The patch ${verb} ${path}, but there is no such file.`, {
    remedy: "Nothing was changed. List the directory to see which files exist; `*** Add File:` makes a new one.",
  });
