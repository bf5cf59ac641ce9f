import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { ConformancePage } from "./test/conformance/results-page.ts";
import { EvidenceReporter } from "./test/support/evidence-reporter.ts";

const second = 1_000;

/** Suites run in this order; those with `alone` run real controllers, which look at the whole machine: one file at a time. */
const suites = [
  { name: "unit", testTimeout: 10 * second },
  { name: "architecture", testTimeout: 30 * second },
  { name: "conformance", testTimeout: 60 * second },
  { name: "integration", testTimeout: 120 * second, alone: true },
  { name: "e2e", testTimeout: 300 * second, alone: true },
];

export default defineConfig({
  test: {
    reporters: [
      "default",
      new EvidenceReporter({ directory: "reports", suites: suites.map(({ name }) => name) }),
      new ConformancePage(),
    ],
    maxWorkers: availableParallelism(),
    retry: 0,
    passWithNoTests: false,
    watch: false,
    projects: suites.map(({ name, testTimeout, alone = false }, order) => ({
      extends: true as const,
      test: {
        name,
        include: [`test/${name}/**/*.test.ts`],
        testTimeout,
        hookTimeout: 2 * testTimeout,
        teardownTimeout: 30 * second,
        fileParallelism: !alone,
        sequence: { groupOrder: order },
      },
    })),
  },
});
