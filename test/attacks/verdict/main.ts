import { parseArgs } from "node:util";
import PQueue from "p-queue";
import { table } from "../../../src/cli/table.ts";
import { evidence, writeEvidence, type EvidenceRow } from "../../../src/core/evidence.ts";
import { whyUnavailable } from "../../support/backend-availability.ts";

import { openController } from "./controller.ts";
import { cheatsPage, writeCheatsPage } from "./cheats-page.ts";
import { corpora } from "./corpora.ts";
import { openTask } from "./open-task.ts";
import { cheatRow, controlRow, type VerdictRow } from "./rows.ts";

const help = `make cheats ARGS='…': rollouts that try to be rewarded for nothing, and controls beside them. Ends non-zero unless each
cheat scores 0 and each control what it must.

  --provider NAME  oci
  --grader TEXT    graders whose name is the text; again for more
  --case TEXT      cases whose task and name contain the text; again for more; controls always run with their task's cheats
  --jobs N         rollouts at the same time (2)
  --list           the cases
  --json           the report instead of the table`;

const { values } = parseArgs({
  options: {
    provider: { type: "string", default: "oci" },
    grader: { type: "string", multiple: true, default: [] },
    case: { type: "string", multiple: true, default: [""] },
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

if (values.help) {
  console.log(help);
  process.exit(0);
}
if (values.provider !== "oci")
  stop(`The tasks stand on the machine's own file system, which only oci starts from; ${values.provider} cannot.`);
const jobs = Number(values.jobs);
if (!Number.isInteger(jobs) || jobs < 1) stop(`--jobs ${values.jobs} is not a number above 0.`);
const all = await corpora();
const unknown = values.grader.find((name) => !all.some(({ grader }) => grader === name));
if (unknown !== undefined)
  stop(`There are no cheats of ${unknown}; there are those of ${all.map(({ grader }) => grader).join(", ")}.`);
const chosen = all
  .filter(({ grader }) => values.grader.length === 0 || values.grader.includes(grader))
  .map((corpus) => ({
    ...corpus,
    cheats: corpus.cheats.filter(({ task, name }) => values.case.some((text) => `${task} ${name}`.includes(text))),
  }));
const count = chosen.reduce((sum, { cheats }) => sum + cheats.length, 0);
if (count === 0) stop("No case contains such a text; --list shows them.");
if (values.list) {
  const rows = chosen.flatMap(({ grader, cheats }) => cheats.map(({ task, name }) => [grader, task, name]));
  console.log(table(["grader", "task", "the policy …"], rows));
  process.exit(0);
}
const unavailable = await whyUnavailable("oci");
if (unavailable !== undefined) stop(unavailable);

const startedAt = Date.now();
const rows: VerdictRow[] = [];
let left: readonly string[];
{
  await using controller = await openController();
  const queue = new PQueue({ concurrency: jobs });
  const told = async (row: Promise<VerdictRow>) => {
    const done = await row;
    if (!values.json) console.error(`${done.ok ? "  " : "! "}${done.case}: ${done.result}`);
    return done;
  };
  for (const { grader, tasks, cheats } of chosen)
    for (const task of tasks) {
      const own = cheats.filter((cheat) => cheat.task === task.name);
      if (own.length === 0) continue;
      await using opened = await openTask(controller.service, task);
      const work = [
        ...task.controls.map((control) => () => told(controlRow(opened, grader, task, control))),
        ...own.map((cheat) => () => told(cheatRow(opened, grader, task, cheat))),
      ];
      rows.push(...(await queue.addAll(work)));
    }
  left = await controller.leftovers();
}

const nothingLeft: EvidenceRow = {
  case: "what is left of all sandboxes",
  backend: "oci",
  result: left.join("; ") || "nothing",
  expected: "nothing",
  ok: left.length === 0,
};
const report = evidence("cheats", startedAt, [...rows, nothingLeft]);
const file = await writeEvidence("reports", report);
if (
  process.env["UPDATE_DOCS"] === "1" &&
  report.ok &&
  chosen.every((corpus, at) => corpus.cheats.length === all[at]?.cheats.length)
)
  await writeCheatsPage(cheatsPage(rows));
if (values.json) console.log(JSON.stringify(report, null, 2));
else {
  console.log(
    table(
      ["grader", "task", "", "reward", "flags"],
      rows.map((row) => [row.grader, row.task, row.name, String(row.reward), row.flags.join(", ")]),
      70,
    ),
  );
  const bad = report.rows.filter(({ ok }) => !ok);
  if (bad.length > 0)
    console.log(`\n${bad.map((row) => `${row.case}: ${row.result}, not ${row.expected}`).join("\n")}`);
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  console.log(
    `\n${count} cheats, ${report.rows.length - bad.length} of ${report.rows.length} rows as they must be, ${seconds} s. The rows are in ${file}.`,
  );
}
process.exitCode = report.ok ? 0 : 1;
