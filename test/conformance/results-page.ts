import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, type RunnerTask, type RunnerTestSuite } from "vitest";
import { evidence, writeEvidence, type EvidenceRow } from "../../src/core/evidence.ts";
import { cellsOfPage, pageOf, type Cell } from "./page.ts";
import { readTitle } from "./suite.ts";

declare module "vitest" {
  interface TaskMeta {
    /** Why a behaviour was not run: its provider cannot be used here. */
    notRun?: string;
  }
}

const repository = path.resolve(import.meta.dirname, "../..");

const docs = path.join(repository, "docs/conformance.md");

interface Result extends Cell {
  readonly ok: boolean;
  /** Whether the provider could be used at all. */
  readonly run: boolean;
}

/**
 * After the run: `reports/conformance.json` always, and `docs/conformance.md` when UPDATE_DOCS=1: the columns of the providers that
 * were run, beside those of the others. A run of some of the behaviours writes no page.
 */
export function recordResults(providers: readonly string[]): void {
  const startedAtMs = Date.now();
  afterAll(async ({}, file) => {
    const cells = file.tasks.flatMap((provider) => (provider.type === "suite" ? cellsOf(provider) : []));
    const rows: EvidenceRow[] = cells.map(({ provider, group, behaviour, shown, ok }) => ({
      case: `${group}: ${behaviour}`,
      backend: provider,
      result: shown,
      expected: "passed, or a declared gap",
      ok,
    }));
    await writeEvidence(path.join(repository, "reports"), evidence("conformance", startedAtMs, rows));
    if (process.env["UPDATE_DOCS"] !== "1" || cells.some(({ shown }) => shown === "filtered")) return;
    const shown = cells.filter(({ run }) => run);
    if (shown.length === 0) return;
    await writeFile(docs, pageOf(shown, cellsOfPage(await readFile(docs, "utf8")), providers));
  });
}

function cellsOf(provider: RunnerTestSuite): Result[] {
  return provider.tasks.flatMap((group) =>
    group.type === "suite" ? group.tasks.map((task) => cellOf(provider.name, group.name, task)) : [],
  );
}

function cellOf(provider: string, group: string, task: RunnerTask): Result {
  const { behaviour, gap } = readTitle(task.name);
  const state = task.result?.state ?? "filtered";
  const passed = state === "pass";
  const reason = task.meta.notRun ?? "filtered";
  const shown = passed
    ? gap === undefined
      ? "✓"
      : `gap: ${gap}`
    : state === "skip" || state === "filtered"
      ? reason
      : state;
  return {
    provider,
    group,
    behaviour,
    shown,
    ok: passed || task.meta.notRun !== undefined,
    run: task.meta.notRun === undefined,
  };
}
