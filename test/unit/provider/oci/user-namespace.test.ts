import { describe, expect, test } from "vitest";
import { IdRanges, idMappings, idRangeFlag } from "../../../../src/provider/oci/user-namespace.ts";

const all = 2048;

describe("ranges of ids", () => {
  test("no two sandboxes have one that overlaps", () => {
    const ranges = new IdRanges([], 7);
    const firsts = Array.from({ length: all }, (_, index) => ranges.take(`s-${index}`)?.first ?? NaN).toSorted(
      (a, b) => a - b,
    );
    expect(firsts[0]).toBe(0x7000_0000);
    for (const [index, first] of firsts.entries()) {
      if (index > 0) expect(first - (firsts[index - 1] ?? 0)).toBe(131_072);
    }
    expect(firsts.at(-1)).toBe(0x8000_0000 - 131_072);
    expect(ranges.take("one more")).toBeUndefined();
  });

  test("one that was given back is lent again, the one of a live sandbox is not", () => {
    const ranges = new IdRanges([], 0);
    const taken = Array.from({ length: all }, (_, index) => ranges.take(`s-${index}`));
    ranges.release("s-1234");
    ranges.release("s-1234");
    expect(ranges.take("new")).toEqual(taken[1234]);
    expect(ranges.take("another")).toBeUndefined();
  });

  test("one that was just given back is not the next to be lent", () => {
    const ranges = new IdRanges([], 0);
    const first = ranges.take("a");
    ranges.release("a");
    expect(ranges.take("b")).not.toEqual(first);
  });

  test("a sandbox keeps its own, and those of the sandboxes that were there are not lent", () => {
    const before = new IdRanges([], 3).take("old");
    const ranges = new IdRanges(before ? [["old", before]] : [], 3);
    expect(ranges.take("new")).not.toEqual(before);
    expect(ranges.take("old")).toEqual(before);
  });
});

test("a range maps the ids that images use, and as many groups for calls far above them", () => {
  const range = { first: 0x7000_0000, count: 131_072 };
  expect(idMappings(range)).toEqual({
    uidMappings: [{ containerID: 0, hostID: 0x7000_0000, size: 65_536 }],
    gidMappings: [
      { containerID: 0, hostID: 0x7000_0000, size: 65_536 },
      { containerID: 0x4000_0000, hostID: 0x7001_0000, size: 65_536 },
    ],
  });
  expect(idRangeFlag(range)).toBe("1879048192:65536");
});
