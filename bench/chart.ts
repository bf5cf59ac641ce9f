import type { Row } from "../src/bench/row.ts";
import { escaped, svg } from "./svg.ts";

/** How many times better than raw Docker, and how many times it has to be; undefined for rows that are held against nothing. */
interface Bar {
  readonly label: string;
  readonly times: number;
  readonly target: number | undefined;
  readonly met: boolean;
}

const width = 980;
const left = 450;
const right = 70;
const rowHeight = 26;
const top = 44;
const decades = 3;

function barOf({ scenario, backend, what, ratio, target, outcome, unit }: Row): Bar | undefined {
  if (ratio === null) return undefined;
  const better = (value: number) => (unit === "ms" ? 1 / value : value);
  const held = target?.of === "ratio" ? better(target.value) : undefined;
  return { label: `${scenario}: ${what} (${backend})`, times: better(ratio), target: held, met: outcome !== "missed" };
}

/** From 1 to 1000 times on a logarithmic scale; what is below 1 is a stub at the left. */
function position(times: number): number {
  const part = Math.log10(Math.max(times, 1)) / decades;
  return left + Math.min(part, 1) * (width - left - right);
}

function drawn({ label, times, target, met }: Bar, index: number): string {
  const y = top + index * rowHeight;
  const end = Math.max(position(times), left + 2);
  const tick =
    target === undefined
      ? ""
      : `<line class="target" x1="${position(target).toFixed(1)}" x2="${position(target).toFixed(1)}" y1="${y}" y2="${y + 18}"/>`;
  return `<text x="${left - 8}" y="${y + 13}" text-anchor="end">${escaped(label)}</text>
<rect class="${met ? "met" : "missed"}" x="${left}" y="${y + 2}" width="${(end - left).toFixed(1)}" height="14" rx="2"/>
<text x="${(end + 6).toFixed(1)}" y="${y + 13}">${times.toFixed(times < 10 ? 1 : 0)}×</text>
${tick}`;
}

/** Bars of how many times better Berth is than raw Docker, as an SVG that is readable on light and dark pages. */
export function chart(rows: readonly Row[]): string {
  const bars = rows.flatMap((row) => barOf(row) ?? []);
  const bottom = top + bars.length * rowHeight;
  const grid = Array.from({ length: decades + 1 }, (_, power) => {
    const x = position(10 ** power).toFixed(1);
    return `<line class="grid" x1="${x}" x2="${x}" y1="${top - 8}" y2="${bottom}"/><text class="axis" x="${x}" y="${top - 14}" text-anchor="middle">${10 ** power}×</text>`;
  });
  const drawing = `${grid.join("\n")}
${bars.map(drawn).join("\n")}
<text class="axis" x="${left}" y="${bottom + 20}">Times better than raw Docker in the same run; the dark line is the target.</text>`;
  return svg(
    {
      width,
      height: bottom + 30,
      label: "How many times better than raw Docker",
      styles: " .target { stroke: #24292f; stroke-width: 2 }\n.met { fill: #2da44e } .missed { fill: #bf8700 }",
      dark: " .target { stroke: #e6edf3 }",
    },
    drawing,
  );
}
