/** Counts the rows of reports as `N passed, N failed, N skipped`. A report that is missing or not ok counts as a failure. */
import { readFileSync } from "node:fs";
import type { Evidence } from "../../src/core/evidence.ts";

const count = { passed: 0, failed: 0, skipped: 0 };

function read(file: string): Pick<Evidence, "ok" | "rows"> {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Evidence;
  } catch (thrown) {
    console.error(`${file} cannot be read: ${String(thrown)}`);
    return { ok: false, rows: [] };
  }
}

for (const { ok, rows } of process.argv.slice(2).map(read)) {
  const failed = rows.filter((row) => !row.ok).length;
  const skipped = rows.filter((row) => row.ok && row.result === "skipped").length;
  count.failed += ok ? failed : Math.max(failed, 1);
  count.skipped += skipped;
  count.passed += rows.length - failed - skipped;
}
console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
process.exitCode = count.failed === 0 && count.passed > 0 ? 0 : 1;
