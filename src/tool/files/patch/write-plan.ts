import { BerthError, toBerthError } from "../../../core/errors.ts";
import type { Guest } from "../../../guest/guest.ts";
import type { RequestOptions } from "../../../guest/request-options.ts";
import { sha256 } from "../text-file.ts";
import { asSentence } from "../../wording.ts";
import type { PlannedFile } from "./plan-patch.ts";

/** Undoing goes on when the call has been given up, but not for ever. */
const undoTimeoutMs = 10_000;

interface Undo {
  readonly path: string;
  run(): Promise<unknown>;
}

/**
 * Carries out a plan: writes first, then removals, so that no content is gone before its new place is written. When
 * something fails on the way, all that was done is undone.
 * @throws BerthError what the guest threw, saying whether all could be undone
 */
export async function writePlan(guest: Guest, files: readonly PlannedFile[], options: RequestOptions): Promise<void> {
  const undos: Undo[] = [];
  let current = "";
  try {
    for (const file of inOrder(files)) {
      current = file.path;
      const undo =
        file.after === null ? await remove(guest, file, options) : await write(guest, file, file.after, options);
      if (undo) undos.push(undo);
    }
  } catch (thrown) {
    throw await undoAll(undos, current, toBerthError(thrown));
  }
}

function inOrder(files: readonly PlannedFile[]): PlannedFile[] {
  const writes = files.filter((file) => file.after !== null);
  const inTheWay = (file: PlannedFile): boolean => writes.some((write) => write.path.startsWith(`${file.path}/`));
  const rank = (file: PlannedFile): number => {
    if (file.after !== null) return 1;
    if (inTheWay(file)) return 0;
    // What cannot be put back goes last.
    return file.before === "opaque" ? 3 : 2;
  };
  return files
    .map((file) => ({ file, rank: rank(file) }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ file }) => file);
}

async function write(
  guest: Guest,
  file: PlannedFile,
  after: Buffer,
  options: RequestOptions,
): Promise<Undo | undefined> {
  const { path, before } = file;
  const executable = file.executable === undefined ? {} : { executable: file.executable };
  if (before === null || before === "opaque") {
    // A write would follow a link that is to be replaced.
    if (before === "opaque") await guest.remove(path, {}, options);
    await guest.write(path, after, { createParents: true, ...executable }, options);
    return { path, run: () => guest.remove(path, {}, { timeoutMs: undoTimeoutMs }) };
  }
  if (before.bytes.equals(after) && file.executable === undefined) return undefined;
  // The condition keeps a change that another process made since the file was read.
  await guest.write(path, after, { ifSha256: sha256(before.bytes), ...executable }, options);
  const wasExecutable = file.executable === undefined ? {} : { executable: (before.mode & 0o111) !== 0 };
  return {
    path,
    run: () =>
      guest.write(path, before.bytes, { ifSha256: sha256(after), ...wasExecutable }, { timeoutMs: undoTimeoutMs }),
  };
}

async function remove(guest: Guest, { path, before }: PlannedFile, options: RequestOptions): Promise<Undo | undefined> {
  if (before === null) return undefined;
  await guest.remove(path, {}, options);
  const run =
    before === "opaque"
      ? () => Promise.reject(new Error("its content was not kept"))
      : () =>
          guest.write(
            path,
            before.bytes,
            { createParents: true, executable: (before.mode & 0o111) !== 0 },
            { timeoutMs: undoTimeoutMs },
          );
  return { path, run };
}

async function undoAll(undos: readonly Undo[], failedPath: string, failure: BerthError): Promise<BerthError> {
  if (failure.code === "sandbox_lost" || failure.code === "sandbox_oom") return failure;
  const left: string[] = [];
  for (const undo of undos.toReversed()) {
    await undo.run().catch(() => left.push(undo.path));
  }
  const state =
    left.length === 0 ? "Nothing was changed." : `These files could not be put back as they were: ${left.join(", ")}.`;
  return new BerthError(failure.code, `${failedPath}: ${asSentence(failure.message)} ${state}`, {
    cause: failure,
    remedy: failure.remedy,
  });
}
