import { readFile } from "node:fs/promises";
import { z } from "zod";

/** What `node --cpu-prof` writes. Times are microseconds of the machine's monotonic clock. */
const cpuProfile = z.object({
  startTime: z.number(),
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({ functionName: z.string(), url: z.string() }),
      children: z.array(z.number()).optional(),
    }),
  ),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});

/** Functions from the outermost to the innermost, and how long the innermost ran. */
export interface Stack {
  readonly frames: readonly string[];
  readonly micros: number;
}

/** Monotonic microseconds, from and to. */
export type Span = readonly [number, number];

const waits: ReadonlySet<string> = new Set(["(idle)"]);

/** Where a function is from: a file of ours, a package, a part of Node, or the engine itself. */
function origin(url: string): string {
  if (url.startsWith("node:")) return url.split("/").slice(0, 2).join("/");
  const inPackage = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url);
  if (inPackage) return inPackage[1] ?? url;
  return url.replace(/^.*\/(?=src\/)/, "");
}

/** The stacks of a profile's samples in a span of time, without those in which nothing was to do. */
export async function stacksOf(file: string, [from, to]: Span): Promise<readonly Stack[]> {
  const { startTime, nodes, samples, timeDeltas } = cpuProfile.parse(JSON.parse(await readFile(file, "utf8")));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const names = new Map(
    nodes.map(({ id, callFrame: { functionName, url } }) => [
      id,
      url === "" ? functionName : `${functionName === "" ? "(anonymous)" : functionName} ${origin(url)}`,
    ]),
  );
  const framesOf = (id: number): string[] => {
    const frames: string[] = [];
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) frames.push(names.get(at) ?? "");
    // The outermost is "(root)".
    return frames.toReversed().slice(1);
  };
  const spent = new Map<number, number>();
  let now = startTime;
  for (const [index, id] of samples.entries()) {
    now += timeDeltas[index] ?? 0;
    // A sample's own time is that until the next one.
    if (now >= from && now < to) spent.set(id, (spent.get(id) ?? 0) + (timeDeltas[index + 1] ?? 0));
  }
  return [...spent]
    .map(([id, micros]) => ({ frames: framesOf(id), micros }))
    .filter(({ frames }) => !waits.has(frames[0] ?? ""));
}

/** The parts of a call's way, the first that the innermost matching frame belongs to. */
const parts: readonly (readonly [string, RegExp])[] = [
  ["records: durable commits", /src\/store\/(?:sqlite|unsynced)| \(sqlite\)/],
  ["records: queries", /src\/store\/| kysely$/],
  ["the way to the guest", /src\/guest\/|node:internal\/http2/],
  ["validation and schemas", / zod$|ajv|secure-json-parse/],
  ["metrics and log", /prom-client|pino|src\/http\/metrics|sonic-boom/],
  ["HTTP", /fastify|find-my-way|node:_http|src\/http\/|light-my-request|avvio/],
  ["the rollout and its tool", /src\/(?:rollout|tool|sandbox|provider)\//],
];

/** Milliseconds by part of the way; what belongs to none is the engine's and the event loop's. */
export function byPart(stacks: readonly Stack[]): ReadonlyMap<string, number> {
  const totals = new Map(parts.map(([name]) => [name, 0]));
  for (const { frames, micros } of stacks) {
    const inner = frames.toReversed();
    const found = inner.map((frame) => parts.find(([, pattern]) => pattern.test(frame))).find((part) => part);
    const name =
      frames[0] === "(garbage collector)" ? "garbage collection" : (found?.[0] ?? "event loop and system calls");
    totals.set(name, (totals.get(name) ?? 0) + micros / 1000);
  }
  return totals;
}
