import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buildIndex } from "../../src/code-index/build.ts";
import { CodeIndex } from "../../src/code-index/code-index.ts";
import type { IndexLease } from "../../src/code-index/indexes.ts";

/** The index of a tree that is given by its paths and texts. */
export async function indexOf(files: Readonly<Record<string, string | Buffer>>): Promise<CodeIndex & AsyncDisposable> {
  const dir = await mkdtemp(join(tmpdir(), "berth-index-"));
  try {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(dir, "tree", path)), { recursive: true });
      await writeFile(join(dir, "tree", path), content);
    }
    await mkdir(join(dir, "tree"), { recursive: true });
    await buildIndex({ tree: join(dir, "tree"), path: join(dir, "index") });
    return await CodeIndex.open(join(dir, "index"));
  } finally {
    // An open file stays readable.
    await rm(dir, { recursive: true, force: true });
  }
}

/** As tools get it; it stays the caller's to close. */
export const leased = (index: CodeIndex) => async (): Promise<IndexLease> => ({ index, [Symbol.dispose]: () => {} });
