import { describe, expect, it } from "vitest";
import { chart } from "../../../bench/chart.ts";
import { performanceSection, withSection } from "../../../bench/performance-page.ts";
import { benchReport } from "../../../src/bench/report.ts";
import { measuredRow } from "../../../src/bench/row.ts";
import { ratioAtLeast, ratioAtMost } from "../../../src/bench/target.ts";

const about = { backend: "oci" };
const rows = [
  measuredRow({
    ...about,
    scenario: "shell",
    what: "shell true",
    berth: [2],
    docker: [40],
    target: ratioAtMost(1 / 15),
  }),
  measuredRow({
    ...about,
    scenario: "parallel",
    what: "64 in flight",
    unit: "a second",
    berth: [100],
    docker: [10],
    target: ratioAtLeast(15),
  }),
  measuredRow({ ...about, scenario: "density", what: "<mounts>", unit: "mounts", berth: [3] }),
];
const docker = { version: "20.10", storageDriver: "overlay2" };
const report = benchReport({ startedAtMs: 0, rows, docker, quick: false });

describe("the page on performance", () => {
  it("changes between its marks only", () => {
    const page = "before\n<!-- bench:begin -->\nwhat was there\n<!-- bench:end -->\nafter\n";
    expect(withSection(page, performanceSection(rows, report))).toMatch(
      /^before\n<!-- bench:begin -->\nMeasured on 1970-01-01: /,
    );
    expect(withSection(page, performanceSection(rows, report))).toMatch(/<!-- bench:end -->\nafter\n$/);
    expect(withSection(page, performanceSection(rows, report))).not.toContain("what was there");
  });

  it("is refused when it has no marks", () => {
    expect(() => withSection("a page", "")).toThrow("lacks <!-- bench:begin -->");
  });

  it("has the machine, the count of targets, and a line for each row", () => {
    const section = performanceSection(rows, report);
    expect(section).toContain("Docker 20.10 on overlay2");
    expect(section).toContain("Targets: 1 met, 1 missed.");
    expect(section.split("\n").filter((line) => line.startsWith("| "))).toHaveLength(2 + rows.length);
  });
});

describe("the chart", () => {
  it("has a bar for each row with a ratio, in the direction in which more is better", () => {
    const svg = chart(rows);
    expect(svg.match(/<rect/g)).toHaveLength(2);
    expect(svg).toContain(">20×</text>");
    expect(svg).toContain(">10×</text>");
    expect(svg).toContain('<rect class="missed"');
    expect(svg).not.toContain("<mounts>");
  });
});
