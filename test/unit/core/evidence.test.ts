import { mkdtempDisposable, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { evidence, writeEvidence, type EvidenceRow } from "../../../src/core/evidence.ts";

const row = (ok: boolean): EvidenceRow => ({ case: "a case", backend: null, result: "1", expected: "1", ok });

describe("evidence", () => {
  it.each([
    ["every row is", [row(true), row(true)], true],
    ["one row is not", [row(true), row(false)], false],
    ["there is no row", [], false],
  ])("computes ok when %s", (_what, rows, ok) => {
    expect(evidence("demo", 0, rows).ok).toBe(ok);
  });

  it("is written whole under the name of its target, and nothing else stays", async () => {
    await using folder = await mkdtempDisposable(path.join(tmpdir(), "berth-evidence-"));
    const report = evidence("demo", Date.UTC(2030, 0, 2), [row(true)]);
    const file = await writeEvidence(path.join(folder.path, "reports"), report);
    expect(path.basename(file)).toBe("demo.json");
    expect(JSON.parse(await readFile(file, "utf8"))).toEqual(report);
    expect(report.started_at).toBe("2030-01-02T00:00:00.000Z");
    expect(await readdir(path.dirname(file))).toEqual(["demo.json"]);
  });
});
