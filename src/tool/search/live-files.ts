import { BerthError } from "../../core/errors.ts";
import type { ToolContext } from "../tool.ts";

/** Files that changed since the rollout began are read again for a search: so many, and so many bytes of each and of all. */
const mostFiles = 300;
const mostFileBytes = 256 * 1024;
const mostBytes = 8 * 1024 * 1024;
const parallel = 8;

export interface LiveFile {
  readonly path: string;
  readonly text: string;
}

export interface ChangedFiles {
  /** Of all that changed, also those that are not read: what an index says of them is old. */
  readonly paths: ReadonlySet<string>;
  readonly files: readonly LiveFile[];
  /** Not all that changed could be read. */
  readonly isPartial: boolean;
}

/** What the rollout has changed since it began, as it is now. */
export async function changedFiles(context: ToolContext): Promise<ChangedFiles> {
  const { files: changed, truncated } = await context.guest.changed({ limit: 5_000 }, { signal: context.signal });
  const paths = new Set(changed.map(({ path }) => path));
  let left = mostBytes;
  const chosen = changed
    .filter(({ size }) => size > 0 && size <= mostFileBytes && (left -= size) > 0)
    .slice(0, mostFiles);
  const files = await readAll(
    context,
    chosen.map(({ path }) => path),
  );
  return { paths, files, isPartial: truncated || chosen.length < changed.length };
}

/** Files of the sandbox as they are now, in the given order; those that are gone, are binary or cannot be read are left out. */
export async function readAll(context: ToolContext, paths: readonly string[]): Promise<LiveFile[]> {
  const texts = new Map<string, string>();
  const queue = [...new Set(paths)];
  const readNext = async (): Promise<void> => {
    for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
      const text = await readText(context, path);
      if (text !== undefined) texts.set(path, text);
    }
  };
  await Promise.all(Array.from({ length: parallel }, readNext));
  return [...new Set(paths)].flatMap((path) => {
    const text = texts.get(path);
    return text === undefined ? [] : [{ path, text }];
  });
}

async function readText({ guest, signal }: ToolContext, path: string): Promise<string | undefined> {
  try {
    const { bytes, size } = await guest.read(path, { offset: 0, limit: mostFileBytes }, { signal });
    return size > mostFileBytes || bytes.subarray(0, 8192).includes(0) ? undefined : bytes.toString("utf8");
  } catch (thrown) {
    if (thrown instanceof BerthError && thrown.causedBy === "policy") return undefined;
    throw thrown;
  }
}
