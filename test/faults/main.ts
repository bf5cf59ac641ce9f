import { parseArgs } from "node:util";
import { table } from "../../src/cli/table.ts";
import { evidence, writeEvidence, type EvidenceRow } from "../../src/core/evidence.ts";
import { whyUnavailable } from "../support/backend-availability.ts";
import { whyNoCluster } from "../support/kubernetes-cluster.ts";
import { faults } from "./cases/all.ts";
import { backendNames, machineBackends, type BackendName } from "./backend.ts";
import { onMachines, writeEvidenceSection } from "./phases-page.ts";
import { withCauses } from "../support/with-causes.ts";
import { runAll } from "./run-all.ts";

const help = `make faults ARGS='…': brings faults about in the life of rollouts, and counts what leaks, is lost or runs twice. Ends non-zero
unless every row is as expected and counts nothing.

  --backend NAME     one of ${backendNames.join(", ")}; again for more; ${machineBackends.join(" and ")} when left out
  --case TEXT        cases whose id contains the text; again for more
  --slow             those that take minutes, too
  --list             the cases and what the caller sees
  --json             the report instead of the table`;

const { values } = parseArgs({
  options: {
    backend: { type: "string", multiple: true, default: [...machineBackends] },
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
  const unavailable = backend === "kubernetes" ? whyNoCluster() : await whyUnavailable(backend);
  if (unavailable !== undefined) stop(unavailable);
}

let interrupted = false;
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    interrupted = true;
    console.error("Ending after the cases that are under way, so that nothing of them is left.");
  });

const tell = (row: EvidenceRow): void => {
  if (!values.json) console.error(`${row.ok ? "  " : "! "}${row.backend}  ${row.case}: ${row.result}  ${seenOf(row)}`);
};

const seenOf = (row: EvidenceRow): string => (row["seen"] as readonly string[]).join("; ");

const startedAt = Date.now();
// One that cannot go on must not take away the end of the other's scene.
const runs = await Promise.allSettled(
  backends.map((backend) => runAll(backend, chosen, { tell, isOver: () => interrupted })),
);
for (const run of runs) if (run.status === "rejected") stop(withCauses(run.reason));
const rows = runs.flatMap((run) => (run.status === "fulfilled" ? run.value : []));
const report = evidence("faults", startedAt, rows);
const file = await writeEvidence("reports", report);
const whole = values.case.includes("") && machineBackends.every((name) => backends.includes(name));
if (process.env["UPDATE_DOCS"] === "1" && whole && report.ok && !interrupted)
  await writeEvidenceSection(onMachines, faults, rows);
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
