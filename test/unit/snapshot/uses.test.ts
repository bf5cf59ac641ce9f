import { mkdtemp, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { Uses } from "../../../src/snapshot/uses.ts";

async function scene() {
  const dir = await mkdtemp(join(tmpdir(), "berth-uses-"));
  const fileOf = (id: string) => join(dir, id);
  await writeFile(fileOf("a"), "");
  const longAgo = new Date(Date.now() - 86_400_000);
  await utimes(fileOf("a"), longAgo, longAgo);
  return { fileOf, longAgo, uses: new Uses(fileOf), [Symbol.asyncDispose]: () => rm(dir, { recursive: true }) };
}

const nothing = async () => {};

describe("uses", () => {
  test("what is held is not removed; what nobody holds is", async () => {
    await using at = await scene();
    const remove = vi.fn<() => Promise<void>>(nothing);
    const [one, two] = [await at.uses.hold("a"), await at.uses.hold("a")];
    one[Symbol.dispose]();
    one[Symbol.dispose]();
    expect(await at.uses.removeUnused("a", Infinity, remove)).toBe(false);
    two[Symbol.dispose]();
    expect(remove).not.toHaveBeenCalled();
    expect(await at.uses.removeUnused("a", Infinity, remove)).toBe(true);
  });

  test("what was used since is not removed, though nobody holds it any more", async () => {
    await using at = await scene();
    const began = Date.now();
    (await at.uses.hold("a"))[Symbol.dispose]();
    expect(await at.uses.removeUnused("a", began, nothing)).toBe(false);
  });

  test("who comes while it is removed waits, and holds it afterwards", async () => {
    await using at = await scene();
    const removing = Promise.withResolvers<void>();
    const order: string[] = [];
    const removal = at.uses.removeUnused("a", Infinity, async () => {
      await removing.promise;
      order.push("removed");
    });
    const held = at.uses.hold("a").then((hold) => {
      order.push("held");
      return hold;
    });
    removing.resolve();
    expect(await removal).toBe(true);
    using _hold = await held;
    expect(order).toEqual(["removed", "held"]);
    expect(at.uses.isHeld("a")).toBe(true);
  });

  test("a removal that fails lets those who wait go on", async () => {
    await using at = await scene();
    const removal = at.uses.removeUnused("a", Infinity, () => Promise.reject(new Error("busy")));
    const held = at.uses.hold("a");
    await expect(removal).rejects.toThrow("busy");
    (await held)[Symbol.dispose]();
  });

  test("a removal that is wanted waits for those who hold it, and those who come later wait for it", async () => {
    await using at = await scene();
    const order: string[] = [];
    const first = await at.uses.hold("a");
    const removal = at.uses.removeWhenFree("a", async () => void order.push("removed"));
    const later = at.uses.hold("a").then((hold) => {
      order.push("held");
      return hold;
    });
    // Work under the first hold may outlast it without waiting for the removal.
    const work = at.uses.extend("a");
    first[Symbol.dispose]();
    order.push("work ends");
    work[Symbol.dispose]();
    await removal;
    (await later)[Symbol.dispose]();
    expect(order).toEqual(["work ends", "removed", "held"]);
  });

  test("a later process learns of the last use from the file; many uses write it once", async () => {
    await using at = await scene();
    expect(await new Uses(at.fileOf).lastUsedMs("a")).toBeCloseTo(at.longAgo.getTime(), -1);
    const began = Date.now();
    (await at.uses.hold("a"))[Symbol.dispose]();
    const touched = async () => (await stat(at.fileOf("a"))).mtimeMs;
    await vi.waitFor(async () => expect(await touched()).toBeGreaterThan(began - 1000));
    const once = await touched();
    for (let n = 0; n < 100; n++) (await at.uses.hold("a"))[Symbol.dispose]();
    expect(await touched()).toBe(once);
    expect(await new Uses(at.fileOf).lastUsedMs("a")).toBe(once);
  });

  test("of what is not there nobody knows a last use", async () => {
    await using at = await scene();
    expect(await at.uses.lastUsedMs("b")).toBeUndefined();
  });
});
