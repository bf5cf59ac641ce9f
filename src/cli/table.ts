import { codePoints, printableLine } from "./printable.ts";

const widthOf = (text: string): number => codePoints(text).length;

/** Columns under a heading, two spaces apart; no column is wider than `cellWidth` but the last. Cells may come from a sandbox. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[], cellWidth = 44): string {
  const last = heading.length - 1;
  const cells = [heading, ...rows].map((row) =>
    row.map((cell, column) => printableLine(cell, column === last ? 120 : cellWidth)),
  );
  const widths = heading.map((_, column) => Math.max(...cells.map((row) => widthOf(row[column] ?? ""))));
  return cells
    .map((row) =>
      row
        .map((cell, column) => (column === last ? cell : cell + " ".repeat((widths[column] ?? 0) - widthOf(cell))))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
