// Counts the rows of reports: `N passed, N failed, N skipped`. A report that is missing or not ok counts as a failure.
import { readFileSync } from "node:fs";

const count = { passed: 0, failed: 0, skipped: 0 };
for (const file of process.argv.slice(2)) {
  let report = { ok: false, rows: [] };
  try {
    report = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    console.error(`${file} cannot be read: ${error.message}`);
  }
  const failed = report.rows.filter((row) => !row.ok).length;
  const skipped = report.rows.filter((row) => row.ok && row.result === "skipped").length;
  count.failed += Math.max(failed, report.ok ? 0 : 1);
  count.skipped += skipped;
  count.passed += report.rows.length - failed - skipped;
}
console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
process.exitCode = count.failed === 0 && count.passed > 0 ? 0 : 1;
