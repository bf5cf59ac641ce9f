import { escaped } from "../svg.ts";
import type { Stack } from "./cpu-profile.ts";

interface Block {
  readonly name: string;
  micros: number;
  readonly inner: Map<string, Block>;
}

const width = 1200;
const rowHeight = 17;
const margin = 10;
const heading = 34;
/** Narrower ones could not be seen. */
const leastWidth = 0.5;
const characterWidth = 6.4;
const mostRows = 60;

function stacked(stacks: readonly Stack[]): Block {
  const whole: Block = { name: "all", micros: 0, inner: new Map() };
  for (const { frames, micros } of stacks) {
    whole.micros += micros;
    let at = whole;
    for (const name of frames.slice(0, mostRows)) {
      const next = at.inner.get(name) ?? { name, micros: 0, inner: new Map() };
      at.inner.set(name, next);
      next.micros += micros;
      at = next;
    }
  }
  return whole;
}

/** The same function has the same colour everywhere: ours are blue, packages green, Node's and the engine's warm. */
function colour(name: string): string {
  let hash = 0;
  for (const character of name) hash = (hash * 31 + character.charCodeAt(0)) % 997;
  const shade = 62 + (hash % 18);
  if (/ src\//.test(name)) return `hsl(210 70% ${shade}%)`;
  if (/ node:|^\(|^[^ ]+$/.test(name)) return `hsl(${28 + (hash % 16)} 75% ${shade}%)`;
  return `hsl(140 40% ${shade}%)`;
}

/**
 * An SVG in which a function is as wide as its share of the processor time and stands on the one that called it; the
 * full name and the time of one call are in each block's title.
 */
export function flameGraph(title: string, stacks: readonly Stack[], calls: number): string {
  const whole = stacked(stacks);
  const scale = (width - 2 * margin) / whole.micros;
  const drawn: { block: Block; x: number; row: number }[] = [];
  const place = (block: Block, x: number, row: number): void => {
    if (block.micros * scale < leastWidth) return;
    drawn.push({ block, x, row });
    let left = x;
    for (const inner of [...block.inner.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      place(inner, left, row + 1);
      left += inner.micros * scale;
    }
  };
  place(whole, margin, 0);
  const rows = Math.max(...drawn.map(({ row }) => row)) + 1;
  const height = heading + rows * rowHeight + margin;
  const blocks = drawn.map(({ block: { name, micros }, x, row }) => {
    const wide = micros * scale;
    const y = height - margin - (row + 1) * rowHeight;
    const label = name.slice(0, Math.max(0, Math.floor((wide - 4) / characterWidth)));
    const told = `${name}: ${(micros / calls).toFixed(1)} µs a call`;
    const text = label.length < 3 ? "" : `<text x="${(x + 2).toFixed(1)}" y="${y + 12}">${escaped(label)}</text>`;
    return `<g><title>${escaped(told)}</title><rect x="${x.toFixed(1)}" y="${y}" width="${wide.toFixed(1)}" height="${rowHeight - 1}" fill="${colour(name)}"/>${text}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, monospace" font-size="10.5">
<rect width="${width}" height="${height}" fill="#fff"/>
<text x="${margin}" y="20" font-size="14">${escaped(title)}</text>
${blocks.join("\n")}
</svg>
`;
}
