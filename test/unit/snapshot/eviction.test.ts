import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chooseEvictions, type CachedItem, type EvictionLimits } from "../../../src/snapshot/eviction.ts";

const NOW = 1_000_000;
const limits = { maxBytes: 100, maxAgeMs: 10_000, recentMs: 500 };

/** `id` was last used `idleMs` ago. */
const item = (id: string, bytes: number, idleMs: number, inUse = false): CachedItem => ({
  kind: "snapshot",
  id,
  name: id,
  bytes,
  lastUsedMs: NOW - idleMs,
  inUse,
});

const gone = (items: readonly CachedItem[], change: Partial<EvictionLimits> = {}) =>
  chooseEvictions(items, { ...limits, ...change }, NOW).map((eviction) => `${eviction.item.id} ${eviction.because}`);

describe("what goes", () => {
  const cases: [string, readonly CachedItem[], Partial<EvictionLimits>, string[]][] = [
    ["nothing of nothing", [], {}, []],
    ["nothing within the limits", [item("a", 50, 9_000), item("b", 50, 1_000)], {}, []],
    [
      "what was used longest ago, as long as the rest is too large",
      [item("new", 60, 1_000), item("old", 60, 3_000)],
      {},
      ["old size"],
    ],
    [
      "as many as it takes",
      [item("a", 60, 3_000), item("b", 60, 2_000), item("c", 60, 1_000)],
      {},
      ["a size", "b size"],
    ],
    [
      "what nobody used for too long, though there is room",
      [item("a", 1, 10_001), item("b", 1, 10_000)],
      {},
      ["a age"],
    ],
    [
      "the old first, and then no more than the size needs",
      [item("a", 60, 20_000), item("b", 60, 2_000)],
      {},
      ["a age"],
    ],
    ["nothing for its age where that never ends", [item("a", 1, 900_000)], { maxAgeMs: Infinity }, []],
    ["nothing that is in use, the next instead", [item("a", 60, 20_000, true), item("b", 60, 2_000)], {}, ["b size"]],
    ["nothing that was used just now, though all is too large", [item("a", 600, 500), item("b", 600, 400)], {}, []],
    ["nothing that would make no room", [item("a", 0, 3_000), item("b", 200, 2_000)], {}, ["b size"]],
    ["one that is larger than all may be, when nobody needs it", [item("a", 101, 501)], {}, ["a size"]],
    ["nothing that was used in the future", [item("a", 101, -5_000)], {}, []],
  ];

  test.each(cases)("%s", (_title, items, change, expected) => {
    expect(gone(items, change)).toEqual(expected);
  });

  const anItem = fc.record({
    bytes: fc.nat(200),
    lastUsedMs: fc.integer({ min: NOW - 20_000, max: NOW }),
    inUse: fc.boolean(),
  });

  test("whatever there is: what stays fits, or cannot go; what goes was used before all that could have gone for it", () => {
    fc.assert(
      fc.property(fc.array(anItem, { maxLength: 20 }), (facts) => {
        const items = facts.map((fact, n) => ({ kind: "snapshot" as const, id: `${n}`, name: "", ...fact }));
        const evicted = chooseEvictions(items, limits, NOW).map((eviction) => eviction.item);
        const stays = items.filter((one) => !evicted.includes(one));
        const mayGo = ({ inUse, lastUsedMs, bytes }: CachedItem) =>
          !inUse && NOW - lastUsedMs > limits.recentMs && bytes > 0;
        const bytes = stays.reduce((sum, one) => sum + one.bytes, 0);
        expect(bytes <= limits.maxBytes || !stays.some(mayGo)).toBe(true);
        expect(evicted.every(({ inUse, lastUsedMs }) => !inUse && NOW - lastUsedMs > limits.recentMs)).toBe(true);
        const latest = Math.max(...evicted.map(({ lastUsedMs }) => lastUsedMs));
        expect(stays.filter(mayGo).every(({ lastUsedMs }) => lastUsedMs >= latest)).toBe(true);
      }),
    );
  });
});
