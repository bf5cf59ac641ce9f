import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { faults } from "../../faults/cases/all.ts";
import {
  evidenceSection,
  faultCells,
  onCluster,
  onMachines,
  phasesPage,
  withSection,
} from "../../faults/phases-page.ts";

test("the page of failures has each fault of the catalogue with what its caller sees", () => {
  const text = readFileSync(phasesPage, "utf8");
  expect(faults.filter((fault) => !text.includes(faultCells(fault))).map(({ id }) => id)).toEqual([]);
});

test("a row that is not as it must be stands out, and one that was not run has no figure", () => {
  const fault = faults[0]!;
  const row = { case: fault.id, result: "", expected: "", leaks: 1, lost_records: 0, double_executions: 0 };
  const section = evidenceSection(onMachines, [fault], [{ ...row, backend: "oci", ok: false }]);
  expect(section).toContain(`${faultCells(fault)} **1 / 0 / 0** |  |`);
});

test("a cluster's rows have a section of their own, and the page's other sections stay", () => {
  const fault = faults[0]!;
  const row = { case: fault.id, result: "", expected: "", leaks: 0, lost_records: 0, double_executions: 0 };
  const section = evidenceSection(onCluster, [fault], [{ ...row, backend: "kubernetes", ok: true }]);
  expect(section).toContain(`${faultCells(fault)} 0 / 0 / 0 |`);
  const page = `# Page\n\n${onMachines.heading}\n\nold\n\n${onCluster.heading}\n\nold too\n`;
  expect(withSection(page, onMachines.heading, `${onMachines.heading}\n\nnew\n`)).toBe(page.replace("old\n", "new\n"));
  expect(withSection(page, onCluster.heading, section)).toBe(page.slice(0, page.indexOf(onCluster.heading)) + section);
});

test("no two faults have one name", () => {
  expect(new Set(faults.map(({ id }) => id)).size).toBe(faults.length);
});
