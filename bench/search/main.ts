import { rm } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { table } from "../../src/cli/table.ts";
import { CodeIndexes } from "../../src/code-index/indexes.ts";
import { bestChunks, queryOf } from "../../src/code-index/ranking.ts";
import { processEnvironment } from "../../src/config/process-environment.ts";
import { evidence, writeEvidence, type EvidenceRow } from "../../src/core/evidence.ts";
import { Mirrors } from "../../src/snapshot/mirror.ts";
import { allocatedBytes } from "../../src/core/allocated-bytes.ts";
import { codeRepository } from "./repository.ts";

const help = `make bench-search: how long it takes to index a repository of 60,000 commits and 300 MB, how much memory, and how fast it is searched.

  --queries N   of each kind (200)
  --quick       a repository of 600 commits and 3 MB, to try the bench itself`;

const { values } = parseArgs({
  options: {
    queries: { type: "string", default: "200" },
    quick: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}

const root = path.resolve(import.meta.dirname, "../..");
const cacheDir = path.join(root, "build/bench");
const dataDir = path.join(cacheDir, "search");
const say = (text: string): void => console.error(text);
const megabytes = (bytes: number): number => Math.round(bytes / 1e6);
const residentMegabytes = (): number => megabytes(process.memoryUsage.rss());

const startedAtMs = Date.now();
const wanted = values.quick ? { commits: 600, files: 200 } : { commits: 60_000, files: 20_000 };
const made = await codeRepository(cacheDir, wanted, say);
await rm(dataDir, { recursive: true, force: true });
const processEnv = processEnvironment();
const mirrors = new Mirrors(path.join(dataDir, "mirrors"), processEnv);
const dir = path.join(dataDir, "indexes");
await using indexes = new CodeIndexes({ dir, workDir: path.join(dataDir, "work"), mirrors, processEnv });
const repository = { url: `file://${made.path}`, commit: made.commit, history: "none" as const };

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return Math.round((performance.now() - began) / 10) / 100;
}

say("mirroring");
const mirrorSeconds = await seconds(async () => (await mirrors.ensure(repository))[Symbol.dispose]());
say("indexing");
const before = residentMegabytes();
const indexSeconds = await seconds(async () => (await indexes.of(repository))[Symbol.dispose]());
const peak = Math.round(process.resourceUsage().maxRSS / 1000);
using lease = await indexes.of(repository);
const { index } = lease;

async function millisecondsOf(queries: readonly string[], ask: (query: string) => Promise<unknown>): Promise<number[]> {
  const took: number[] = [];
  for (const query of queries) {
    const began = performance.now();
    await ask(query);
    took.push(performance.now() - began);
  }
  return took.toSorted((a, b) => a - b);
}

const quantile = (sorted: readonly number[], at: number): number =>
  Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? 0) * 100) / 100;

const texts = Array.from({ length: Number(values.queries) }, (_, at) => {
  const chunk = index.chunk((at * 7919) % Math.max(1, index.head.chunks));
  return path.basename(chunk.path, ".py");
});
const words = ["request", "session", "schema", "merge", "order", "worker", "profile", "cursor"];
const phrases = texts.map((text, at) => `${words[at % 8]} ${words[(at * 3 + 1) % 8]} ${text}`);
const names = await Promise.all(
  texts
    .slice(0, 200)
    .map(
      async (_, at) =>
        (await index.definitions(`_${(at * 977).toString(36)}`, { part: true, limit: 1 }))[0]?.name ?? "none",
    ),
);
say("searching");
const ranked = await millisecondsOf(phrases, async (text) => bestChunks(index, queryOf(text, index), 50));
const defined = await millisecondsOf(names, (name) => index.definitions(name, { part: false, limit: 100 }));
const partly = await millisecondsOf(names.slice(0, 50), (name) =>
  index.definitions(name.slice(0, 8), { part: true, limit: 100 }),
);
const found = await index.definitions(names[0] ?? "", { part: false, limit: 1 });

const row = (of: string, result: string, expected: string, ok: boolean, figures: object): EvidenceRow => ({
  case: of,
  backend: null,
  result,
  expected,
  ok,
  ...figures,
});
const size = await allocatedBytes(dir);
const rows = [
  row(
    "repository",
    `${made.commits} commits, ${made.megabytes} MB, ${made.files} files`,
    `${wanted.commits} commits, ${wanted.files} files`,
    made.commits === wanted.commits && made.files === wanted.files,
    { commits: made.commits, megabytes: made.megabytes, files: made.files },
  ),
  row("mirror", `${mirrorSeconds} s`, "done", true, { seconds: mirrorSeconds }),
  row(
    "index",
    `${indexSeconds} s, ${megabytes(size)} MB`,
    "all files",
    index.head.files === made.files && !index.head.partial,
    {
      seconds: indexSeconds,
      index_megabytes: megabytes(size),
      chunks: index.head.chunks,
      words: index.head.words,
      definitions: index.head.definitions,
      partial_definitions: index.head.partial_definitions,
    },
  ),
  row(
    "memory",
    `${peak} MB at most while indexing, ${residentMegabytes()} MB afterwards`,
    "below 4,000 MB",
    peak < 4_000,
    {
      before_megabytes: before,
      peak_megabytes: peak,
      after_megabytes: residentMegabytes(),
    },
  ),
  row(
    "keyword query",
    `p50 ${quantile(ranked, 0.5)} ms, p95 ${quantile(ranked, 0.95)} ms`,
    "p50 below 100 ms",
    quantile(ranked, 0.5) < 100,
    { p50_ms: quantile(ranked, 0.5), p95_ms: quantile(ranked, 0.95), queries: ranked.length },
  ),
  row(
    "definition by name",
    `p50 ${quantile(defined, 0.5)} ms, p95 ${quantile(defined, 0.95)} ms`,
    "found, p50 below 10 ms",
    found.length > 0 && quantile(defined, 0.5) < 10,
    { p50_ms: quantile(defined, 0.5), p95_ms: quantile(defined, 0.95), queries: defined.length },
  ),
  row(
    "definition by part of a name",
    `p50 ${quantile(partly, 0.5)} ms, p95 ${quantile(partly, 0.95)} ms`,
    "p50 below 500 ms",
    quantile(partly, 0.5) < 500,
    { p50_ms: quantile(partly, 0.5), p95_ms: quantile(partly, 0.95), queries: partly.length },
  ),
];
const report = evidence("bench-search", startedAtMs, rows);
console.log(
  table(
    ["case", "result", "expected", "ok"],
    rows.map((of) => [of.case, of.result, of.expected, of.ok ? "yes" : "NO"]),
  ),
);
console.log(`\nThe rows are in ${path.relative(root, await writeEvidence(path.join(root, "reports"), report))}.`);
process.exitCode = report.ok ? 0 : 1;
