import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { IdRanges } from "../../../../src/provider/oci/id-ranges.ts";
import { idMappings, idRangeFlag } from "../../../../src/provider/oci/user-namespace.ts";

const all = 2048;
const size = 131_072;
let top: string;

beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), "id-ranges-"));
});

afterEach(async () => {
  await rm(top, { recursive: true });
});

const open = (live: Parameters<typeof IdRanges.open>[1] = []) => IdRanges.open(join(top, "ids"), live);

async function folderOf(id: string): Promise<string> {
  await mkdir(join(top, id), { recursive: true });
  return join(top, id);
}

const take = async (ranges: IdRanges, id: string) => await ranges.take(id, await folderOf(id));

describe("ranges of ids", () => {
  test("no two sandboxes have one, in whichever controller, until all are lent", async () => {
    const controllers = [await open(), await open()];
    const names = Array.from({ length: all }, (_, index) => `s-${index}`);
    const ranges = await Promise.all(
      names.map(async (id, index) => (await controllers[index % 2]?.take(id, top))?.first ?? NaN),
    );
    const firsts = ranges.toSorted((a, b) => a - b);
    expect(firsts).toEqual(names.map((_, index) => 0x7000_0000 + index * size));
    expect(await controllers[0]?.take("one more", top)).toBeUndefined();
    await controllers[1]?.release("s-1235", top);
    expect((await controllers[0]?.take("one more", top))?.first).toBe(ranges[1235]);
  });

  test("a sandbox keeps its own, and one that was given back is not the next to be lent", async () => {
    const ranges = await open();
    const first = await take(ranges, "a");
    expect(await take(ranges, "a")).toEqual(first);
    await ranges.release("a", await folderOf("a"));
    await ranges.release("a", await folderOf("a"));
    expect(await readdir(join(top, "ids"))).toEqual([]);
    expect(await take(ranges, "b")).not.toEqual(first);
  });

  test("what was claimed for a sandbox of which nothing else is known can be given back", async () => {
    await take(await open(), "cut-off");
    await take(await open(), "another");
    const after = await open();
    await after.release("cut-off", await folderOf("cut-off"));
    expect(await readdir(join(top, "ids"))).toHaveLength(1);
  });

  test("a controller that starts again knows those of the sandboxes that are there, and can give them back", async () => {
    const before = await take(await open(), "old");
    if (!before) throw new Error("nothing was lent");
    const after = await open([["old", before]]);
    expect(await take(after, "old")).toEqual(before);
    await after.release("old", await folderOf("old"));
    expect(await readdir(join(top, "ids"))).toEqual([]);
  });

  test("the claim of a sandbox whose folder is gone means nothing to a controller that starts", async () => {
    const ranges = await open();
    await take(ranges, "gone");
    await take(ranges, "there");
    await rm(join(top, "gone"), { recursive: true });
    await open();
    expect(await readdir(join(top, "ids"))).toHaveLength(1);
  });

  test("another's claim on a range that was one's own before the machine restarted is left alone", async () => {
    const before = await take(await open(), "old");
    if (!before) throw new Error("nothing was lent");
    await rm(join(top, "ids"), { recursive: true });
    const after = await open([["old", before]]);
    const others = await open();
    for (let tried = 0; tried < all; tried += 1)
      if ((await others.take(`o-${tried}`, top))?.first === before.first) break;
    const claims = await readdir(join(top, "ids"));
    await after.release("old", await folderOf("old"));
    expect(await readdir(join(top, "ids"))).toEqual(claims);
  });
});

test("a range maps the ids that images use, and as many groups for calls far above them", () => {
  const range = { first: 0x7000_0000, count: size };
  expect(idMappings(range)).toEqual({
    uidMappings: [{ containerID: 0, hostID: 0x7000_0000, size: 65_536 }],
    gidMappings: [
      { containerID: 0, hostID: 0x7000_0000, size: 65_536 },
      { containerID: 0x4000_0000, hostID: 0x7001_0000, size: 65_536 },
    ],
  });
  expect(idRangeFlag(range)).toBe("1879048192:65536");
});
