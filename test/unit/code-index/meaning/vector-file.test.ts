import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { VectorFile, writeVectors } from "../../../../src/code-index/meaning/vector-file.ts";
import { randomOf } from "../../../support/random-of.ts";

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "berth-vectors-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

function unit(numbers: number[]): Float32Array {
  const length = Math.hypot(...numbers);
  return Float32Array.from(numbers, (one) => one / length);
}

test("the nearest come first, as near as they are", async () => {
  const random = randomOf(3);
  const vectors = Array.from({ length: 3_000 }, () => unit(Array.from({ length: 96 }, () => random() - 0.5)));
  const path = join(dir, "a");
  await writeVectors(path, vectors, { model: "m", chunks: 5_000 });
  await using file = await VectorFile.open(path);
  expect(file.head).toMatchObject({ vectors: 3_000, chunks: 5_000, dimensions: 96 });
  const query = vectors[1_234] ?? new Float32Array();
  const exact = vectors
    .map((vector, chunk) => ({ chunk, score: vector.reduce((sum, one, at) => sum + one * (query[at] ?? 0), 0) }))
    .toSorted((a, b) => b.score - a.score);
  const found = await file.nearest(query, 5);
  expect(found.map(({ chunk }) => chunk).slice(0, 2)).toEqual(exact.map(({ chunk }) => chunk).slice(0, 2));
  for (const [at, { score }] of found.entries()) expect(score).toBeCloseTo(exact[at]?.score ?? 0, 1);
});

test("a commit without text has no vectors, and nothing is near", async () => {
  const path = join(dir, "b");
  await writeVectors(path, [], { model: "m", chunks: 0 });
  await using file = await VectorFile.open(path);
  expect(await file.nearest(unit([1, 2]), 5)).toEqual([]);
});

test("a file that is something else is refused", async () => {
  const path = join(dir, "c");
  await writeFile(path, "something else altogether");
  await expect(VectorFile.open(path)).rejects.toMatchObject({ code: "storage_failed" });
});
