import { readFile, rm } from "node:fs/promises";
import { execa } from "execa";
import type { Evidence, EvidenceRow } from "../../src/core/evidence.ts";

const report = "reports/test-conformance-integration.json";
const minutes = 25;

/** The suite that every provider passes, unchanged, on kubernetes, and the tests that need a cluster; their rows as they wrote them. */
export async function conformance(): Promise<EvidenceRow[]> {
  await rm(report, { force: true });
  const projects = ["--project", "conformance", "--project", "integration"];
  const suite = await execa(
    "vitest",
    ["run", ...projects, "test/conformance/kubernetes.", "test/integration/kubernetes"],
    {
      env: { REQUIRE_PROVIDERS: "kubernetes" },
      preferLocal: true,
      stdin: "ignore",
      stdout: "inherit",
      stderr: "inherit",
      reject: false,
      timeout: minutes * 60_000,
    },
  );
  const text = await readFile(report, "utf8").catch(() => undefined);
  const rows = text === undefined ? [] : (JSON.parse(text) as Evidence).rows;
  const ended = suite.timedOut ? `still running after ${minutes} minutes` : `exit ${suite.exitCode ?? suite.signal}`;
  return [
    ...rows,
    {
      case: "the conformance suite",
      backend: "kubernetes",
      result: ended,
      expected: "exit 0",
      ok: suite.exitCode === 0,
    },
  ];
}
