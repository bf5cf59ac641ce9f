/**
 * What pods of Berth cost a cluster, from the audit log of its API server: writes for each pod, and the times from its binding to a node until the
 * last word about its start, and from its deletion until it was gone. Usage: pod-costs.ts AUDIT-LOG [NAMESPACE-PREFIX]
 */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

interface Write {
  readonly atMs: number;
  readonly what: string;
}

const [file = "", prefix = "berth"] = process.argv.slice(2);
const pods = new Map<string, Write[]>();
for await (const line of createInterface({ input: createReadStream(file) })) {
  const event = JSON.parse(line) as {
    verb: string;
    stageTimestamp: string;
    userAgent?: string;
    objectRef?: { resource?: string; subresource?: string; namespace?: string; name?: string };
  };
  const { resource, subresource = "", namespace = "", name = "" } = event.objectRef ?? {};
  if (resource !== "pods" || !namespace.startsWith(prefix) || !name.startsWith("berth-")) continue;
  const agent = (event.userAgent ?? "").split("/", 1)[0] ?? "";
  const what = [event.verb, subresource, agent].filter((part) => part !== "").join(" ");
  const id = `${namespace}/${name}`;
  pods.set(id, [...(pods.get(id) ?? []), { atMs: Date.parse(event.stageTimestamp), what }]);
}

const kinds = new Map<string, number>();
const started: number[] = [];
const gone: number[] = [];
let whole = 0;
for (const unsorted of pods.values()) {
  const writes = unsorted.toSorted((a, b) => a.atMs - b.atMs);
  const bound = writes.find(({ what }) => what.startsWith("create binding"));
  const asked = writes.find(({ what }) => what.startsWith("delete"));
  const last = writes.at(-1);
  if (!bound || !asked || !last || last === asked) continue;
  whole++;
  for (const { what } of writes) kinds.set(what, (kinds.get(what) ?? 0) + 1);
  const ready = writes.findLast(({ what, atMs }) => what.startsWith("patch status") && atMs < asked.atMs);
  if (ready) started.push(ready.atMs - bound.atMs);
  gone.push(last.atMs - asked.atMs);
}

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))] ?? 0;
const spread = (values: readonly number[]): string =>
  [0.5, 0.9, 0.99].map((share) => `p${share * 100} ${(quantile(values, share) / 1_000).toFixed(1)} s`).join(", ");

console.log(`${whole} pods that came and went`);
for (const [what, count] of [...kinds].toSorted((a, b) => b[1] - a[1]))
  console.log(`${(count / whole).toFixed(2).padStart(8)}  ${what}`);
console.log(`start: ${spread(started)}\ngone:  ${spread(gone)}`);
