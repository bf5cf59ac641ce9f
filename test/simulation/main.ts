import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { table } from "../../src/cli/table.ts";
import { evidence, writeEvidence, type EvidenceRow } from "../../src/core/evidence.ts";
import { faultRows, plantedRow, replayRow, ruleRows, sumOf } from "./rows.ts";
import { planted } from "./planted.ts";
import { play } from "./play.ts";
import type { Task } from "./seeds-thread.ts";
import { simulate, type Outcome } from "./simulate.ts";

const help = `make simulate SEEDS=5000: the real rollouts on simulated time, chance, provider, guests and store, one world a seed.

  --seeds N   worlds to play (2000)
  --from N    the first of them (1)
  --seed N    one world alone, every step printed
  --jobs N    at the same time (one for each processor)`;

/** Seeds that are played twice, and those within which a planted mistake must be found. */
const REPLAYED = 50;
const FOUND_WITHIN = 400;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "2000" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    jobs: { type: "string", default: String(availableParallelism()) },
    help: { type: "boolean", short: "h", default: false },
  },
});

function count(name: "seeds" | "from" | "seed" | "jobs"): number {
  const given = Number(values[name]);
  if (Number.isInteger(given) && given > 0) return given;
  console.error(`--${name} ${values[name]} is not a number above 0.`);
  process.exit(2);
}

const range = (from: number, to: number, mistake?: string): Task[] =>
  Array.from({ length: to - from + 1 }, (_, at) => ({ seed: from + at, mistake }));

function explain({ seed, last, violations }: Outcome): void {
  console.error(`\nseed ${seed}, its last steps:\n${last.join("\n")}`);
  for (const { rule, what } of violations) console.error(`  ${rule}: ${what}`);
  console.error(`again, every step: make simulate SEED=${seed}`);
}

if (values.help) {
  console.log(help);
  process.exit(0);
}
if (values.seed !== undefined) {
  const { violations, digest, steps } = await simulate(count("seed"), { echo: true, alone: true });
  for (const { rule, what } of violations) console.log(`VIOLATED ${rule}: ${what}`);
  console.log(`${steps} steps, digest ${digest}, ${violations.length} violations`);
  process.exit(violations.length === 0 ? 0 : 1);
}

const startedAt = Date.now();
const jobs = count("jobs");
const [first, seeds] = [count("from"), count("seeds")];
const outcomes: Outcome[] = [];
await play(range(first, first + seeds - 1), {
  jobs,
  onOutcome: (outcome) => {
    outcomes.push(outcome);
    if (outcome.violations.length > 0) explain(outcome);
    return undefined;
  },
});
const playedMs = Date.now() - startedAt;

const digests = new Map(outcomes.map(({ seed, digest }) => [seed, digest]));
const again: Outcome[] = [];
await play(range(first, first + Math.min(seeds, REPLAYED) - 1), {
  jobs,
  onOutcome: (outcome) => {
    again.push(outcome);
    return undefined;
  },
});

const rows: EvidenceRow[] = [
  ...ruleRows(outcomes),
  ...faultRows(outcomes),
  replayRow(again.map(({ seed, digest }) => digest === digests.get(seed))),
];
for (const mistake of planted) {
  let found: Outcome | undefined;
  await play(range(1, FOUND_WITHIN, mistake.name), {
    jobs,
    onOutcome: (outcome) => {
      if (!outcome.violations.some(({ rule }) => mistake.rules.includes(rule))) return undefined;
      if (!found || outcome.seed < found.seed) found = outcome;
      return "enough";
    },
  });
  rows.push(plantedRow(mistake, found, FOUND_WITHIN));
}

const report = evidence("simulate", startedAt, rows);
const file = await writeEvidence("reports", report);
console.log(
  table(
    ["", "case", "result"],
    rows.map((row) => [row.ok ? "" : "!", row.case, row.result]),
    90,
  ),
);
const failed = outcomes.filter(({ violations }) => violations.length > 0);
const sum = (name: string) => sumOf(outcomes, name);
console.log(
  `\n${outcomes.length} seeds in ${Math.round(playedMs / 1000)} s: ${sum("rollouts")} rollouts, ${sum("calls")} answered calls, ` +
    `${sum("verdicts")} verdicts, ${sum("sandboxes")} sandboxes, ${sum("lives")} controllers. ${failed.length} seeds failed. The rows are in ${file}.`,
);
process.exitCode = report.ok ? 0 : 1;
