import { parseArgs } from "node:util";
import { table } from "../../src/cli/table.ts";
import { evidence, writeEvidence, type EvidenceRow } from "../../src/core/evidence.ts";
import { faults } from "../faults/cases/all.ts";
import { onCluster, writeEvidenceSection } from "../faults/phases-page.ts";
import { runAll } from "../faults/run-all.ts";
import { whyNoCluster } from "../support/kubernetes-cluster.ts";
import { whyNoPostgres } from "../support/postgres-database.ts";
import { withCauses } from "../support/with-causes.ts";
import { burst } from "./burst.ts";
import { chart } from "./chart.ts";
import { conformance } from "./conformance.ts";
import { rollingRestart } from "./rolling-restart.ts";
import { templates } from "./templates.ts";
import { countWrites } from "./writes.ts";

const help = `make test-k8s ARGS='…': Berth on a real cluster: that of KUBECONFIG, else one of its own on this machine.

  --part NAME    one of conformance, writes, burst, restart, chart, crashes; again for more; all when left out
  --case TEXT    of crashes: those whose id contains the text; again for more`;

/** At the same time, beside the conformance suite, which takes longer than all of them on a machine of two processors. */
const crashScenes = 2;

const { values } = parseArgs({
  options: {
    part: { type: "string", multiple: true, default: [] },
    case: { type: "string", multiple: true, default: [""] },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}

/** A part that cannot be shown on this cluster says why, and is not taken for shown. */
const cannot = (part: string, reason: string): EvidenceRow[] => [
  { case: part, backend: "kubernetes", result: "skipped", expected: "shown", ok: true, reason },
];

const broken = (part: string, thrown: unknown): EvidenceRow => ({
  case: part,
  backend: "kubernetes",
  result: `error: ${withCauses(thrown)}`,
  expected: "no error",
  ok: false,
});

const parts: Readonly<Record<string, () => Promise<EvidenceRow[]>>> = {
  conformance,
  async writes() {
    const auditLog = process.env["BERTH_TEST_AUDIT_LOG"];
    if (!auditLog) return cannot("writes", "BERTH_TEST_AUDIT_LOG names no audit log of the API server");
    const { rows, counts } = await countWrites(auditLog);
    const lines = counts.map(({ verb, resource, agent, count }) => [verb, resource, agent, String(count)]);
    console.log(table(["verb", "resource", "user agent", "of twenty rollouts"], lines, 60));
    return rows;
  },
  burst,
  async restart() {
    const missing = whyNoPostgres();
    return missing === undefined ? await rollingRestart() : cannot("restart", missing);
  },
  async chart() {
    const registry = process.env["BERTH_TEST_REGISTRY"];
    const postgres = process.env["BERTH_CLUSTER_POSTGRES_URL"];
    if (process.env["BERTH_TEST_CONTROLLER_IMAGE"] !== "1" || !registry)
      return cannot("chart", "the registry has no image of the controller: BERTH_TEST_CONTROLLER_IMAGE");
    if (!postgres) return cannot("chart", "pods reach no PostgreSQL: BERTH_CLUSTER_POSTGRES_URL");
    return [...(await templates()), ...(await chart({ registry, postgres }))];
  },
  async crashes() {
    // A sandbox's processes are looked for on this machine.
    if (process.env["BERTH_TEST_NODE_IS_HERE"] !== "1")
      return cannot("crashes", "the cluster's node is not this machine");
    const chosen = faults.filter(({ id }) => id.startsWith("crash/") && values.case.some((text) => id.includes(text)));
    const tell = (row: EvidenceRow) =>
      console.error(`${row.ok ? "  " : "! "}${row.case}: ${row.result}  ${String(row["seen"])}`);
    // Pods take their time and little of this machine's: several scenes, each with a namespace and a data directory of its own.
    const scenes = Array.from({ length: crashScenes }, (_, at) =>
      chosen.filter((_fault, of) => of % crashScenes === at),
    );
    const shown = scenes.filter((cases) => cases.length > 0).map((cases) => runAll("kubernetes", cases, { tell }));
    const ends = await Promise.allSettled(shown);
    const rows = ends.flatMap((end) => (end.status === "fulfilled" ? end.value : [broken("crashes", end.reason)]));
    const whole = values.case.includes("") && rows.every(({ ok }) => ok);
    if (process.env["UPDATE_DOCS"] === "1" && whole) await writeEvidenceSection(onCluster, chosen, rows);
    return rows;
  },
};

/** For pods to come and go: they are shown together, after what loads or counts. */
const mostlyWait = new Set(["conformance", "crashes"]);

const unavailable = whyNoCluster();
const chosen = values.part.length > 0 ? values.part : Object.keys(parts);
const unknown = chosen.find((name) => parts[name] === undefined);
if (unavailable !== undefined || unknown !== undefined) {
  console.error(unavailable ?? `There is no part ${unknown}; there are ${Object.keys(parts).join(", ")}.`);
  process.exit(2);
}

const startedAt = Date.now();
const rows: EvidenceRow[] = [];
async function show(name: string): Promise<void> {
  const began = Date.now();
  const shown = (await parts[name]?.().catch((thrown: unknown) => [broken(name, thrown)])) ?? [];
  console.error(`${name}: ${shown.length} rows in ${Math.round((Date.now() - began) / 1000)} s`);
  rows.push(...shown.map((row) => ({ ...row, part: name })));
}
const waiting = chosen.filter((name) => mostlyWait.has(name));
for (const name of chosen.filter((one) => !mostlyWait.has(one))) await show(name);
await Promise.all(waiting.map(show));
const report = evidence("test-k8s", startedAt, rows);
const file = await writeEvidence("reports", report);
const told = rows.filter(({ part, ok }) => !ok || (part !== "conformance" && part !== "crashes"));
console.log(
  table(
    ["", "part", "case", "result", "expected"],
    told.map((row) => [row.ok ? "" : "!", String(row["part"]), row.case, row.result, row.expected]),
    60,
  ),
);
const failed = rows.filter(({ ok }) => !ok).length;
const skipped = rows.filter(({ ok, result }) => ok && result === "skipped").length;
console.log(
  `\nThe rows are in ${file}.\n${rows.length - failed - skipped} passed, ${failed} failed, ${skipped} skipped`,
);
process.exitCode = report.ok ? 0 : 1;
