import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** The path of a file in a folder of its own, gone with the test that calls. */
export function passingFile(name: string, text: string): string {
  const dir = mkdtempSync(join(tmpdir(), "berth-file-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, name);
  writeFileSync(file, text);
  return file;
}
