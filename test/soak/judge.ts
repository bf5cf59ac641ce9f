import type { EvidenceRow } from "../../src/core/evidence.ts";
import type { Figure, Sample } from "./sample.ts";

/** How much a figure may grow over the second half of the load by its trend, and how far it may end from where it began. */
interface Tolerance {
  readonly figure: Figure;
  readonly what: string;
  readonly unit: string;
  readonly growth: number;
  /** After everything was closed; null where it says nothing. */
  readonly end: number | null;
}

/** A load that comes by chance is never flat by itself: of what each sandbox has, about as many as come and go at once may differ. */
export const tolerances: readonly Tolerance[] = [
  { figure: "descriptors", what: "open files of the controller", unit: "", growth: 12, end: 4 },
  { figure: "resident", what: "resident memory of the controller", unit: " MiB", growth: 40, end: 120 },
  { figure: "heap", what: "JavaScript heap of the controller, its low points", unit: " MiB", growth: 30, end: 60 },
  { figure: "mounts", what: "mounts of the data directory that the controller sees", unit: "", growth: 1, end: 0 },
  { figure: "cgroups", what: "cgroups of sandboxes", unit: "", growth: 24, end: 0 },
  { figure: "sandboxes", what: "sandboxes", unit: "", growth: 8, end: 0 },
  { figure: "zombies", what: "processes that nobody waited for", unit: "", growth: 2, end: 0 },
  { figure: "inodes", what: "files and folders of the data directory", unit: "", growth: 400, end: 8 },
];

/** Between two collections a heap only grows: what lives shows in the lowest value of each while. */
const WHILE_SECONDS = 30;

function lows(points: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const whiles = Map.groupBy(points, ([seconds]) => Math.floor(seconds / WHILE_SECONDS));
  return [...whiles.values()].map((of) => of.reduce((low, point) => (point[1] < low[1] ? point : low)));
}

/** Least squares: what the trend of some values adds over all of their time. */
export function growthOf(points: readonly (readonly [number, number])[]): number {
  if (points.length < 2) return 0;
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const times = points.map(([time]) => time);
  const [meanTime, meanValue] = [mean(times), mean(points.map(([, value]) => value))];
  const covariance = points.reduce((sum, [time, value]) => sum + (time - meanTime) * (value - meanValue), 0);
  const variance = times.reduce((sum, time) => sum + (time - meanTime) ** 2, 0);
  return variance === 0 ? 0 : (covariance / variance) * (Math.max(...times) - Math.min(...times));
}

const rounded = (value: number): number => Math.round(value * 10) / 10;

/** One row a figure: flat over the second half, and at the end what it was before the load. */
export function figureRows(
  before: Sample,
  samples: readonly Sample[],
  after: Sample,
  halfSeconds: number,
): EvidenceRow[] {
  const late = samples.filter(({ seconds }) => seconds >= halfSeconds);
  return tolerances.map(({ figure, what, unit, growth: mayGrow, end: mayDiffer }) => {
    const points = late.map((sample) => [sample.seconds, sample[figure]] as const);
    const growth = growthOf(figure === "heap" ? lows(points) : points);
    const difference = after[figure] - before[figure];
    const flat = late.length > 2 && growth <= mayGrow;
    const back = mayDiffer === null || difference <= mayDiffer;
    return {
      case: what,
      backend: "oci",
      result: `${rounded(before[figure])}${unit} before, ${rounded(growth)}${unit} of growth, ${rounded(after[figure])}${unit} after`,
      expected: `at most ${mayGrow}${unit} of growth over the second half, and ${mayDiffer}${unit} more after than before`,
      ok: flat && back,
      before: rounded(before[figure]),
      most: rounded(Math.max(...samples.map((sample) => sample[figure]))),
      growth: rounded(growth),
      after: rounded(after[figure]),
    };
  });
}
