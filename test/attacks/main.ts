import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import PQueue from "p-queue";
import { evidence, writeEvidence, type EvidenceRow } from "../../src/core/evidence.ts";
import { table } from "../../src/cli/table.ts";
import { whyUnavailable } from "../support/backend-availability.ts";
import { backendNames, openBackend, type BackendName } from "./backends.ts";
import { attacks } from "./cases/all.ts";
import { defenceNames, isDefence, type Defence } from "./defences.ts";
import { GuestBuilds } from "./guest-builds.ts";
import { runAttack } from "./run-attack.ts";
import { evidenceSection, writeEvidenceSection } from "./security-page.ts";

const help = `make attacks ARGS='…': attacks on sandboxes, each with its positive control. Ends non-zero unless every one is held.

  --backend NAME     one of ${backendNames.join(", ")}; again for more; all when left out
  --case TEXT        cases whose id contains the text; again for more
  --without DEFENCE  take a defence away everywhere and see which attacks get through; again for more
  --jobs N           attacks at the same time (2)
  --list             the cases and what holds them
  --json             the report instead of the table

Defences: ${defenceNames.join(", ")}`;

const { values } = parseArgs({
  options: {
    backend: { type: "string", multiple: true, default: [...backendNames] },
    case: { type: "string", multiple: true, default: [""] },
    without: { type: "string", multiple: true, default: [] },
    jobs: { type: "string", default: "2" },
    list: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

function stop(message: string): never {
  console.error(message);
  process.exit(2);
}

const chosen = attacks.filter(({ id }) => values.case.some((part) => id.includes(part)));
if (values.help) {
  console.log(help);
  process.exit(0);
}
if (values.list) {
  console.log(
    table(
      ["case", "held by", "what is tried"],
      chosen.map(({ id, defences, title }) => [id, defences.join(", "), title]),
    ),
  );
  process.exit(0);
}
const unknown = values.backend.find((name) => !(backendNames as readonly string[]).includes(name));
if (unknown !== undefined) stop(`There is no backend ${unknown}; there are ${backendNames.join(", ")}.`);
const without = new Set<Defence>();
for (const name of values.without) {
  if (!isDefence(name)) stop(`There is no defence ${name}; there are ${defenceNames.join(", ")}.`);
  without.add(name);
}
const jobs = Number(values.jobs);
if (!Number.isInteger(jobs) || jobs < 1) stop(`--jobs ${values.jobs} is not a number above 0.`);
if (chosen.length === 0) stop("No case has such an id; --list shows them.");

const startedAt = Date.now();
const folder = await mkdtemp(path.join(tmpdir(), "berth-attack-guests-"));
const rows: EvidenceRow[] = [];
try {
  const guests = new GuestBuilds(folder);
  for (const name of values.backend as BackendName[]) {
    const unavailable = await whyUnavailable(name.split("+")[0] ?? name);
    if (unavailable !== undefined) stop(unavailable);
    await using backend = await openBackend(name, guests);
    const queue = new PQueue({ concurrency: jobs });
    const done = await queue.addAll(
      chosen.map((attack) => async () => {
        const row = await runAttack(attack, backend, without);
        if (!values.json) console.error(`${row.ok ? "  " : "! "}${name}  ${row.case}: ${row.result}`);
        return row;
      }),
    );
    rows.push(...done);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

const report = evidence("attacks", startedAt, rows);
const file = await writeEvidence("reports", report);
const whole = chosen.length === attacks.length && values.backend.length === backendNames.length && without.size === 0;
if (process.env["UPDATE_DOCS"] === "1" && whole && report.ok)
  await writeEvidenceSection(
    path.resolve(import.meta.dirname, "../../docs/security.md"),
    evidenceSection(attacks, backendNames, rows),
  );
if (values.json) console.log(JSON.stringify(report, null, 2));
else {
  const cell = (id: string, backend: string) => {
    const row = rows.find((candidate) => candidate.case === id && candidate.backend === backend);
    if (row === undefined) return "";
    return row.result.startsWith("not applicable") ? "not applicable" : row.ok ? "held" : "NOT HELD";
  };
  console.log(
    table(
      ["case", ...values.backend],
      chosen.map(({ id }) => [id, ...values.backend.map((name) => cell(id, name))]),
      60,
    ),
  );
  const reasons = [
    ...new Set(
      rows
        .filter(({ result }) => result.startsWith("not applicable"))
        .map((row) => `${row.backend}  ${row.case}: ${row.result}`),
    ),
  ];
  if (reasons.length > 0) console.log(`\n${reasons.join("\n")}`);
  const bad = rows.filter(({ ok }) => !ok);
  if (bad.length > 0) console.log(`\n${bad.map((row) => `${row.backend}  ${row.case}: ${row.result}`).join("\n")}`);
  console.log(
    `\n${chosen.length} attacks, ${rows.length - bad.length} of ${rows.length} rows as they must be. The rows are in ${file}.`,
  );
}
process.exitCode = report.ok ? 0 : 1;
