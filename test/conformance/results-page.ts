import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, type RunnerTask, type RunnerTestSuite } from "vitest";
import { evidence, writeEvidence, type EvidenceRow } from "../../src/core/evidence.ts";
import { readTitle } from "./suite.ts";

declare module "vitest" {
  interface TaskMeta {
    /** Why a behaviour was not run: its provider cannot be used here. */
    notRun?: string;
  }
}

const repository = path.resolve(import.meta.dirname, "../..");

interface Cell {
  readonly provider: string;
  readonly group: string;
  readonly behaviour: string;
  readonly shown: string;
  readonly ok: boolean;
}

/**
 * After the run: `reports/conformance.json` always, and `docs/conformance.md` when UPDATE_DOCS=1. A run of some of the
 * behaviours, or of some providers, writes no page.
 */
export function recordResults(options: { everyProvider: boolean }): void {
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
    const whole = options.everyProvider && cells.every(({ shown }) => shown !== "filtered");
    if (whole && process.env["UPDATE_DOCS"] === "1") {
      await writeFile(path.join(repository, "docs/conformance.md"), page(cells));
    }
  });
}

function cellsOf(provider: RunnerTestSuite): Cell[] {
  return provider.tasks.flatMap((group) =>
    group.type === "suite" ? group.tasks.map((task) => cellOf(provider.name, group.name, task)) : [],
  );
}

function cellOf(provider: string, group: string, task: RunnerTask): Cell {
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
  return { provider, group, behaviour, shown, ok: passed || task.meta.notRun !== undefined };
}

function page(cells: readonly Cell[]): string {
  const providers = [...new Set(cells.map((cell) => cell.provider))];
  const lines = [
    "# Conformance",
    "",
    "Every provider runs one suite, `test/conformance`. This page is written by it:",
    "`UPDATE_DOCS=1 npm run test:conformance`. ✓ is shown; a gap is what the provider declares that it cannot do, with its reason.",
  ];
  for (const group of new Set(cells.map((cell) => cell.group))) {
    lines.push(
      "",
      `## ${group}`,
      "",
      `| behaviour | ${providers.join(" | ")} |`,
      `| --- |${" --- |".repeat(providers.length)}`,
    );
    for (const behaviour of new Set(cells.filter((cell) => cell.group === group).map((cell) => cell.behaviour))) {
      const shown = providers.map(
        (provider) =>
          cells.find((cell) => cell.provider === provider && cell.group === group && cell.behaviour === behaviour)
            ?.shown ?? "–",
      );
      lines.push(`| ${[behaviour, ...shown].map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`);
    }
  }
  return `${lines.join("\n")}\n`;
}
