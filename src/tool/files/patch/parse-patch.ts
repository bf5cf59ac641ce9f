import { malformedPatch } from "./patch-error.ts";
import type { Patch } from "./patch.ts";
import { looksLikeV4a, parseV4a } from "./parse-v4a.ts";
import { parseUnified } from "./parse-unified.ts";

/** The most files that one patch may touch. */
const maxFiles = 1000;

/**
 * Reads a patch in V4A or unified form, in time linear in its length. A patch whose every line ends in CR LF is read as if
 * it had LF.
 * @throws BerthError `invalid_patch`
 */
export function parsePatch(text: string): Patch {
  const lines = text.split("\n");
  const crlf = lines.length > 1 && lines.every((line, index) => line.endsWith("\r") || index === lines.length - 1);
  const plain = crlf ? lines.map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line)) : lines;
  const format = looksLikeV4a(plain) ? "v4a" : "unified";
  const changes = format === "v4a" ? parseV4a(plain) : parseUnified(plain);
  if (changes.length === 0) {
    throw malformedPatch(
      1,
      "no change was found. Write `*** Begin Patch`, `*** Update File: PATH`, the hunks and `*** End Patch`, or a unified diff.",
    );
  }
  if (changes.length > maxFiles)
    throw malformedPatch(1, `it touches ${changes.length} files; the most is ${maxFiles}.`);
  return { format, changes };
}
