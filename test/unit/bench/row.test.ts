import { describe, expect, it } from "vitest";
import { evidenceRow, measuredRow, tableCells, tableHeading } from "../../../src/bench/row.ts";
import {
  figureAtLeast,
  figureAtMost,
  outcomeOf,
  ratioAtLeast,
  ratioAtMost,
  targetText,
} from "../../../src/bench/target.ts";

const about = { scenario: "shell", backend: "oci", what: "shell true" };

describe("a target", () => {
  it("of a ratio is met on its bound, and missed beyond", () => {
    expect(outcomeOf(ratioAtMost(1 / 4), 10, 0.25)).toBe("met");
    expect(outcomeOf(ratioAtMost(1 / 4), 10, 0.26)).toBe("missed");
    expect(outcomeOf(ratioAtLeast(15), 300, 15)).toBe("met");
    expect(outcomeOf(ratioAtLeast(15), 300, 14.9)).toBe("missed");
  });

  it("of a figure takes the figure, whatever the ratio is", () => {
    expect(outcomeOf(figureAtMost(4), 4, null)).toBe("met");
    expect(outcomeOf(figureAtMost(4), 4.1, 0.1)).toBe("missed");
    expect(outcomeOf(figureAtLeast(2000), 1999, null)).toBe("missed");
  });

  it("of a ratio is neither met nor missed without raw Docker", () => {
    expect(outcomeOf(ratioAtMost(1 / 15), 2, null)).toBe("measured");
    expect(outcomeOf(undefined, 2, 0.1)).toBe("measured");
  });

  it.each([
    [ratioAtMost(1 / 15), "≤ 1/15"],
    [ratioAtMost(1.1), "≤ 1.1×"],
    [ratioAtLeast(15), "≥ 15×"],
    [figureAtMost(4), "≤ 4 MiB"],
    [undefined, ""],
  ])("reads as people say it: %j is %s", (target, expected) => {
    expect(targetText(target, "MiB")).toBe(expected);
  });
});

describe("a row", () => {
  it("holds Berth's median against raw Docker's", () => {
    const row = measuredRow({ ...about, berth: [2, 1, 3], docker: [40, 20, 30], target: ratioAtMost(1 / 15) });
    expect(row).toMatchObject({ ratio: 2 / 30, outcome: "met", berth: { median: 2 }, docker: { median: 30 } });
  });

  it("is not ok as evidence when its target is missed, and is when there is nothing to miss", () => {
    const missed = measuredRow({ ...about, berth: [10], docker: [20], target: ratioAtMost(1 / 15) });
    const alone = measuredRow({ ...about, berth: [10], target: ratioAtMost(1 / 15) });
    expect([missed, alone].map((row) => evidenceRow(row)).map(({ ok, result }) => [ok, result])).toEqual([
      [false, "missed"],
      [true, "measured"],
    ]);
  });

  it("fills the table's columns, with tails only where there are several samples", () => {
    const row = measuredRow({ ...about, berth: [10], docker: [20, 30], target: ratioAtMost(1 / 15) });
    expect(tableCells(row)).toHaveLength(tableHeading.length);
    expect(tableCells(row).slice(3)).toEqual(["ms", "10.0", "", "", "20.0", "30.0", "1/2", "≤ 1/15", "missed"]);
  });

  it("says what is to be known of it behind its outcome", () => {
    expect(tableCells(measuredRow({ ...about, berth: [1], note: "344 MB" })).at(-1)).toBe("measured (344 MB)");
  });
});
