import { parseArgs } from "node:util";
import { table } from "../../src/cli/table.ts";
import { evidence, writeEvidence, type EvidenceRow } from "../../src/core/evidence.ts";
import { whyUnavailable } from "../support/backend-availability.ts";
import { faults } from "./cases/all.ts";
import { backendNames, type BackendName } from "./backend.ts";
import type { Fault } from "./fault.ts";
import { Journey } from "./journey.ts";
import { evidenceSection, writeEvidenceSection } from "./phases-page.ts";
import { withCauses } from "../support/with-causes.ts";
import { runFault } from "./run-fault.ts";
import { Scene } from "./scene.ts";

const help = `make faults ARGS='…': brings faults about in the life of rollouts, and counts what leaks, is lost or runs twice. Ends non-zero
unless every row is as expected and counts nothing.

  --backend NAME     one of ${backendNames.join(", ")}; again for more; all when left out
  --case TEXT        cases whose id contains the text; again for more
  --slow             those that take minutes, too
  --list             the cases and what the caller sees
  --json             the report instead of the table`;

const { values } = parseArgs({
  options: {
    backend: { type: "string", multiple: true, default: [...backendNames] },
    case: { type: "string", multiple: true, default: [""] },
    slow: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

function stop(message: string): never {
  console.error(message);
  process.exit(2);
}

const chosen = faults.filter(
  ({ id, slow = false }) => (!slow || values.slow) && values.case.some((part) => id.includes(part)),
);
if (values.help) {
  console.log(help);
  process.exit(0);
}
if (values.list) {
  const lines = chosen.map(({ id, what, expected }) => [id, what, expected]);
  console.log(table(["case", "what dies", "what the caller sees"], lines, 60));
  process.exit(0);
}
const unknown = values.backend.find((name) => !(backendNames as readonly string[]).includes(name));
if (unknown !== undefined) stop(`There is no backend ${unknown}; there are ${backendNames.join(", ")}.`);
if (chosen.length === 0) stop("No case has such an id; --list shows them.");
const backends = values.backend as BackendName[];
for (const backend of backends) {
  const unavailable = await whyUnavailable(backend);
  if (unavailable !== undefined) stop(unavailable);
}

const isFor = ({ backends: only }: Fault, backend: BackendName): boolean => only?.includes(backend) ?? true;

let interrupted = false;
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    interrupted = true;
    console.error("Ending after the cases that are under way, so that nothing of them is left.");
  });

/** All faults of a backend one after the other: each looks at what the whole scene has left. */
async function runAll(backend: BackendName): Promise<EvidenceRow[]> {
  await using scene = await Scene.open({ backend });
  await scene.start();
  const calm = await new Journey(scene, { at: "create" }).travel();
  if (calm.result !== "active") throw new Error(`Without a fault a rollout on ${backend} is ${calm.result}.`);
  await scene.baseline.take();
  const rows: EvidenceRow[] = [];
  for (const fault of chosen.filter((candidate) => isFor(candidate, backend))) {
    if (interrupted) break;
    const row = await runFault(fault, scene);
    if (!values.json) console.error(`${row.ok ? "  " : "! "}${backend}  ${row.case}: ${row.result}  ${seenOf(row)}`);
    rows.push(row);
  }
  return rows;
}

const seenOf = (row: EvidenceRow): string => (row["seen"] as readonly string[]).join("; ");

const startedAt = Date.now();
// One that cannot go on must not take away the end of the other's scene.
const runs = await Promise.allSettled(backends.map(runAll));
for (const run of runs) if (run.status === "rejected") stop(withCauses(run.reason));
const rows = runs.flatMap((run) => (run.status === "fulfilled" ? run.value : []));
const report = evidence("faults", startedAt, rows);
const file = await writeEvidence("reports", report);
const whole = values.case.includes("") && backends.length === backendNames.length;
if (process.env["UPDATE_DOCS"] === "1" && whole && report.ok && !interrupted)
  await writeEvidenceSection(evidenceSection(faults, rows));
if (values.json) console.log(JSON.stringify(report, null, 2));
else {
  const sum = (name: string) => rows.reduce((total, row) => total + Number(row[name]), 0);
  const lines = rows.map((row) => [
    row.case,
    row.backend ?? "",
    ...["leaks", "lost_records", "double_executions"].map((name) => String(row[name])),
    row.ok ? row.result : `${row.result}; not as expected: ${row.expected}`,
  ]);
  console.log(table(["case", "provider", "leaks", "lost records", "double executions", "the caller sees"], lines, 60));
  const good = rows.filter(({ ok }) => ok).length;
  console.log(
    `\n${good} of ${rows.length} rows as they must be: leaks ${sum("leaks")}, lost records ${sum("lost_records")}, double executions ${sum("double_executions")}. The rows are in ${file}.`,
  );
}
process.exitCode = interrupted ? 130 : report.ok ? 0 : 1;
