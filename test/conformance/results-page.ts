import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Reporter, TestCase, TestModule } from "vitest/node";
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

const providers = ["memory", "oci", "oci-runsc", "docker", "docker-runsc", "kubernetes", "kubernetes-claims"];

interface Result extends Cell {
  readonly ok: boolean;
  /** Whether the provider could be used at all. */
  readonly run: boolean;
}

/**
 * After a run of the suite for one provider or more: `reports/conformance.json`, and `docs/conformance.md` when UPDATE_DOCS=1: the columns
 * of the providers that were run, beside those of the others. A run of some of the behaviours writes no page.
 */
export class ConformancePage implements Reporter {
  #startedAtMs = Date.now();

  onInit(): void {
    this.#startedAtMs = Date.now();
  }

  async onTestRunEnd(modules: readonly TestModule[]): Promise<void> {
    const cells = modules.filter(({ project }) => project.name === "conformance").flatMap(cellsOf);
    if (cells.length === 0) return;
    const rows: EvidenceRow[] = cells.map(({ provider, group, behaviour, shown, ok }) => ({
      case: `${group}: ${behaviour}`,
      backend: provider,
      result: shown,
      expected: "passed, or a declared gap",
      ok,
    }));
    await writeEvidence(path.join(repository, "reports"), evidence("conformance", this.#startedAtMs, rows));
    if (process.env["UPDATE_DOCS"] !== "1" || cells.some(({ shown }) => shown === "filtered")) return;
    const shown = cells.filter(({ run }) => run);
    if (shown.length === 0) return;
    await writeFile(docs, pageOf(shown, cellsOfPage(await readFile(docs, "utf8")), providers));
  }
}

function cellsOf(module: TestModule): Result[] {
  return [...module.children.suites()].flatMap((provider) =>
    [...provider.children.suites()].flatMap((group) =>
      [...group.children.tests()].map((test) => cellOf(provider.name, group.name, test)),
    ),
  );
}

function cellOf(provider: string, group: string, test: TestCase): Result {
  const { behaviour, gap } = readTitle(test.name);
  const { state } = test.result();
  const { notRun } = test.meta();
  const passed = state === "passed";
  const withoutRun = state === "skipped" || state === "pending" ? (notRun ?? "filtered") : state;
  const shown = !passed ? withoutRun : gap === undefined ? "✓" : `gap: ${gap}`;
  return { provider, group, behaviour, shown, ok: passed || notRun !== undefined, run: notRun === undefined };
}
