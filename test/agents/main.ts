import { parseArgs } from "node:util";
import { table } from "../../src/cli/table.ts";
import { evidence, writeEvidence } from "../../src/core/evidence.ts";
import { whyUnavailable } from "../support/backend-availability.ts";
import { rowOf, type AgentRow } from "./agent-case.ts";
import { conformanceRows } from "./conformance.ts";
import { allCases } from "./cases/all.ts";
import { runningBerth } from "./running-berth.ts";

const help = `make test-agents ARGS='…': agents' clients, the real ones, against a running Berth on oci. Ends non-zero unless each does what it must.

  --case TEXT  cases whose client and feature contain the text; again for more. conformance: the MCP conformance suite, whose rows are
               in reports/mcp-conformance.json too
  --list       the cases
  --json       the report instead of the table`;

const { values } = parseArgs({
  options: {
    case: { type: "string", multiple: true, default: [""] },
    list: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

function stop(message: string): never {
  console.error(message);
  process.exit(2);
}

if (values.help) {
  console.log(help);
  process.exit(0);
}
const chosen = allCases.filter(({ client, feature }) =>
  values.case.some((text) => `${client}: ${feature}`.includes(text)),
);
if (chosen.length === 0 && !values.case.includes("conformance"))
  stop("No case contains such a text; --list shows them.");
if (values.list) {
  console.log(
    table(
      ["client", "feature"],
      chosen.map(({ client, feature }) => [client, feature]),
    ),
  );
  process.exit(0);
}
const unavailable = await whyUnavailable("oci");
if (unavailable !== undefined) stop(unavailable);

const startedAt = Date.now();
const rows: AgentRow[] = [];
{
  await using berth = await runningBerth();
  for (const one of chosen) {
    const row = await rowOf(one, berth);
    if (!values.json) console.error(`${row.ok ? "  " : "! "}${row.case}: ${row.result}`);
    rows.push(row);
  }
}
const conformance = values.case.some((text) => "conformance".includes(text)) ? await conformanceRows() : [];
if (conformance.length > 0) await writeEvidence("reports", evidence("mcp-conformance", startedAt, conformance));
rows.push(...conformance);
const report = evidence("test-agents", startedAt, rows);
const file = await writeEvidence("reports", report);
if (values.json) console.log(JSON.stringify(report, null, 2));
else {
  const clients = [...new Set(rows.map(({ client }) => client))];
  console.log(
    table(
      ["client", "does what it must", "of"],
      clients.map((client) => tally(client, rows)),
    ),
  );
  console.log(
    `\n${rows.filter(({ ok }) => ok).length} of ${rows.length} rows as they must be. The rows are in ${file}.`,
  );
}
process.exitCode = report.ok ? 0 : 1;

function tally(client: string, all: readonly AgentRow[]): string[] {
  const own = all.filter((row) => row.client === client);
  return [client, String(own.filter(({ ok }) => ok).length), String(own.length)];
}
