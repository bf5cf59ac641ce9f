import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TreeEntry } from "../../../src/model/change-set.ts";
import type { SharedManifests } from "../../../src/provider/provider.ts";
import { Manifests } from "../../../src/snapshot/manifest.ts";

const tree: TreeEntry[] = [{ type: "file", path: "a.txt", mode: 0o644, size: 1, sha256: "0".repeat(64) }];

class InMemory implements SharedManifests {
  readonly kept = new Map<string, Buffer>();
  reads = 0;
  async read(key: string) {
    this.reads++;
    return this.kept.get(key);
  }
  async write(key: string, content: Buffer) {
    this.kept.set(key, content);
  }
  async remove(key: string) {
    this.kept.delete(key);
  }
}

describe("manifests of controllers that have no disk in common", () => {
  let dir: string;
  let shared: InMemory;
  let one: Manifests;
  let two: Manifests;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "berth-manifests-"));
    shared = new InMemory();
    one = new Manifests(join(dir, "one"), shared);
    two = new Manifests(join(dir, "two"), shared);
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it("are known to the one that did not build the snapshot, with what it was built from", async () => {
    await one.write("k", tree, "recipe");
    expect(await two.has("k")).toBe(true);
    expect(await two.read("k")).toEqual(tree);
    expect(await two.origins()).toEqual([{ key: "k", recipe: "recipe" }]);
  });

  it("are fetched once, however often they are asked for", async () => {
    await one.write("k", tree, "recipe");
    for (let times = 0; times < 3; times++) await two.read("k");
    expect(shared.reads).toBe(1);
  });

  it("leave nothing half written when both ask at the same time", async () => {
    await one.write("k", tree, "recipe");
    await Promise.all(Array.from({ length: 8 }, () => two.read("k")));
    expect((await readdir(join(dir, "two"))).toSorted()).toEqual(["k.json", "k.origin.json"]);
  });

  it("are gone for whoever never had them once one removed them", async () => {
    await one.write("k", tree, "recipe");
    await one.remove("k");
    expect(await two.has("k")).toBe(false);
    expect(await two.read("k")).toBeUndefined();
  });

  it("of one machine ask nobody", async () => {
    const alone = new Manifests(join(dir, "alone"));
    expect(await alone.has("k")).toBe(false);
    expect(await alone.read("k")).toBeUndefined();
  });
});
