import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { faults } from "../../faults/cases/all.ts";
import { evidenceSection, faultCells, phasesPage } from "../../faults/phases-page.ts";

test("the page of failures has each fault of the catalogue with what its caller sees", () => {
  const text = readFileSync(phasesPage, "utf8");
  expect(faults.filter((fault) => !text.includes(faultCells(fault))).map(({ id }) => id)).toEqual([]);
});

test("a row that is not as it must be stands out, and one that was not run has no figure", () => {
  const fault = faults[0]!;
  const row = { case: fault.id, result: "", expected: "", leaks: 1, lost_records: 0, double_executions: 0 };
  const section = evidenceSection([fault], [{ ...row, backend: "oci", ok: false }]);
  expect(section).toContain(`${faultCells(fault)} **1 / 0 / 0** |  |`);
});

test("no two faults have one name", () => {
  expect(new Set(faults.map(({ id }) => id)).size).toBe(faults.length);
});
