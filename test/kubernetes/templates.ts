import { readFile } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import { parse, parseAllDocuments } from "yaml";
import type { EvidenceRow } from "../../src/core/evidence.ts";
import { ClusterNamespace } from "../support/kubernetes-cluster.ts";
import { chartValues, kindsOfDefaults, type ChartValues } from "./chart-values.ts";
import { chartFolder, helm } from "./helm.ts";
import { knowServiceMonitors } from "./service-monitors.ts";
import { shown } from "./shown.ts";

const timeout = 60_000;

/** Everything that the chart makes of each of its values, looked at by the API server as if it were to be kept; a field that it does not know is refused. */
export async function templates(): Promise<EvidenceRow[]> {
  await using _monitors = await knowServiceMonitors();
  await using release = await ClusterNamespace.make();
  await using sandboxes = await ClusterNamespace.make();
  const rows: EvidenceRow[] = [];
  for (const one of chartValues) rows.push(await looked(one, release.name, sandboxes.name));
  rows.push(await refusesMisspelt(release.name, sandboxes.name), await everyValueIsSet());
  return rows;
}

async function looked(one: ChartValues, release: string, sandboxes: string): Promise<EvidenceRow> {
  const { what, values, adds = [], leavesOut = [] } = one;
  const expected = [...kindsOfDefaults.filter((kind) => !leavesOut.includes(kind)), ...adds].toSorted();
  const made = await template(values, release, sandboxes);
  const row = (result: string) => shown(`chart with ${what}`, result, `accepted: ${expected.join(", ")}`);
  if (made.exitCode !== 0) return row(`helm: ${made.all.slice(-500)}`);
  const items = parseAllDocuments(made.stdout).map((document) => inNamespace(document.toJS() as Made, release));
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  const dryRun = ["apply", "--dry-run=server", "--validate=strict", "--filename", "-"];
  const answer = await execa("kubectl", dryRun, { input, all: true, reject: false, timeout });
  const kinds = items.map(({ kind }) => kind).toSorted();
  return row(answer.exitCode === 0 ? `accepted: ${kinds.join(", ")}` : answer.all.slice(-500));
}

interface Made {
  readonly kind: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** As helm does on installing: what names no namespace is the release's. */
const inNamespace = (made: Made, namespace: string): Made =>
  made.kind === "Namespace" ? made : { ...made, metadata: { namespace, ...made.metadata } };

function template(values: object, release: string, sandboxes: string) {
  const needed = {
    "sandboxes.namespace": sandboxes,
    "sandboxes.registry": "registry.example/berth",
    "sandboxes.guestImage": "registry.example/berth/guest:0.1.0",
  };
  const sets = Object.entries(needed).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
  const args = ["template", "berth", chartFolder, "--namespace", release, ...sets, "--values", "-"];
  return execa(helm, args, { input: JSON.stringify(values), all: true, reject: false, timeout });
}

async function refusesMisspelt(release: string, sandboxes: string): Promise<EvidenceRow> {
  const misspelt = [{ replica: 3 }, { settings: { max_starts: 3 } }, { autoscaling: { enable: true } }];
  const answers = await Promise.all(misspelt.map((values) => template(values, release, sandboxes)));
  const refused = answers.filter(({ exitCode, all }) => exitCode !== 0 && all.includes("additional properties"));
  return shown("misspelt values that are refused", String(refused.length), String(misspelt.length));
}

/** What has a default in the chart, and no case here that sets it. */
async function everyValueIsSet(): Promise<EvidenceRow> {
  const defaults: unknown = parse(await readFile(path.join(chartFolder, "values.yaml"), "utf8"));
  const given = new Set([
    "sandboxes.namespace",
    "sandboxes.registry",
    "sandboxes.guestImage",
    ...chartValues.flatMap(({ values }) => [...names(values)]),
  ]);
  const isSet = (name: string) => [...given].some((one) => one === name || one.startsWith(`${name}.`));
  const unset = [...names(defaults)].filter((name) => !isSet(name));
  return shown("values of the chart that no case sets", unset.join(", ") || "none", "none");
}

/** `image.tag` of each value that is no mapping, or an empty one. */
function* names(values: unknown, prefix = ""): Generator<string> {
  for (const [name, value] of Object.entries(values as Record<string, unknown>)) {
    const isMapping = typeof value === "object" && value !== null && !Array.isArray(value);
    if (isMapping && Object.keys(value).length > 0) yield* names(value, `${prefix}${name}.`);
    else yield `${prefix}${name}`;
  }
}
