import { escaped, svg } from "../../bench/svg.ts";
import type { Figure, Sample } from "./sample.ts";

const columns = 2;
const cell = { width: 470, height: 170 };
const box = { left: 56, top: 34, width: 396, height: 100 };

const plotted: readonly { figure: Figure; label: string }[] = [
  { figure: "resident", label: "resident memory, MiB" },
  { figure: "heap", label: "JavaScript heap, MiB" },
  { figure: "descriptors", label: "open files" },
  { figure: "mounts", label: "mounts" },
  { figure: "sandboxes", label: "sandboxes" },
  { figure: "cgroups", label: "cgroups of sandboxes" },
  { figure: "inodes", label: "files and folders" },
  { figure: "database", label: "database, MiB" },
];

/** One line a figure over the time of the load; a controller's life ends where its line does. */
export function plots(samples: readonly Sample[]): string {
  const rows = Math.ceil(plotted.length / columns);
  const last = Math.max(1, ...samples.map(({ seconds }) => seconds));
  const lives = Map.groupBy(samples, ({ life }) => life);
  const drawn = plotted.map(({ figure, label }, at) => {
    const most = Math.max(1, ...samples.map((sample) => sample[figure]));
    const x = (seconds: number) => (box.left + (seconds / last) * box.width).toFixed(1);
    const y = (value: number) => (box.top + box.height * (1 - value / most)).toFixed(1);
    const lines = [...lives.values()].map(
      (life) => `<polyline points="${life.map((sample) => `${x(sample.seconds)},${y(sample[figure])}`).join(" ")}"/>`,
    );
    const bottom = box.top + box.height;
    return `<g transform="translate(${(at % columns) * cell.width} ${Math.floor(at / columns) * cell.height})">
<text x="${box.left}" y="${box.top - 12}">${escaped(label)}</text>
<line class="grid" x1="${box.left}" x2="${box.left + box.width}" y1="${bottom}" y2="${bottom}"/>
<line class="grid" x1="${box.left}" x2="${box.left + box.width}" y1="${box.top}" y2="${box.top}"/>
<text class="axis" x="${box.left - 6}" y="${box.top + 4}" text-anchor="end">${Math.round(most * 10) / 10}</text>
<text class="axis" x="${box.left - 6}" y="${bottom + 4}" text-anchor="end">0</text>
<text class="axis" x="${box.left + box.width}" y="${bottom + 18}" text-anchor="end">${Math.round(last / 60)} min</text>
${lines.join("\n")}
</g>`;
  });
  return svg(
    {
      width: columns * cell.width,
      height: rows * cell.height,
      label: "What a controller takes of its machine during a soak",
      styles: "\npolyline { fill: none; stroke: #2da44e; stroke-width: 1.5 }",
    },
    drawn.join("\n"),
  );
}
