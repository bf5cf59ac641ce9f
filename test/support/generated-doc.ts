import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";

/** A page that is generated must be as it would be generated now; UPDATE_DOCS=1 writes it instead. */
export function expectGeneratedDoc(name: string, content: string): void {
  const file = join(import.meta.dirname, "../../docs", name);
  if (process.env["UPDATE_DOCS"] === "1") writeFileSync(file, content);
  expect(readFileSync(file, "utf8"), `docs/${name} is stale: UPDATE_DOCS=1 writes it anew`).toBe(content);
}
