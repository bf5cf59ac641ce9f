import type { EvidenceRow } from "../../src/core/evidence.ts";

/** A row that is ok when what was seen is exactly what was expected. */
export const shown = (
  what: string,
  result: string,
  expected: string,
  figures: Readonly<Record<string, number>> = {},
): EvidenceRow => ({ case: what, backend: "kubernetes", result, expected, ok: result === expected, ...figures });
