import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A page of docs/ as it lies there. UPDATE_DOCS=1 writes `content` first: what the page would be if it were generated now. */
export function generatedDoc(name: string, content: string): string {
  const file = join(import.meta.dirname, "../../docs", name);
  if (process.env["UPDATE_DOCS"] === "1") writeFileSync(file, content);
  return readFileSync(file, "utf8");
}
