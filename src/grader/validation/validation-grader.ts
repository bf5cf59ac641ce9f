import type { ValidationGraderSpec } from "../../model/graders/validation.ts";
import type { Grader } from "../grader.ts";
import { observeCall } from "./observe-call.ts";

/** Calls of each kind that the evidence names. */
const mostNamed = 20;

/**
 * Whether the policy checked its own work: ran tests, ran a linter, and was shown what they said, all after its last write.
 * Read from the durable record of calls, not from what the policy says. Runs nothing.
 */
export const validationGrader: Grader<ValidationGraderSpec> = {
  type: "validation",

  async grade(spec, { trajectory }) {
    const calls = (await trajectory()).map((record) => ({ seq: record.seq, ...observeCall(record, spec) }));
    const lastWrite = calls.findLast(({ wrote }) => wrote)?.seq ?? -1;
    const after = calls.filter(({ seq }) => seq > lastWrite);
    const seen = {
      tests: after.some(({ tests }) => tests),
      output: after.some(({ output }) => output),
      lint: after.some(({ lint }) => lint),
    };
    const { weights } = spec;
    const sum = (names: readonly (keyof typeof seen)[]) => names.reduce((total, name) => total + weights[name], 0);
    const all = ["tests", "output", "lint"] as const;
    const reward = sum(all.filter((name) => seen[name])) / sum(all);
    const seqs = (name: keyof typeof seen) =>
      calls
        .filter((call) => call[name])
        .map(({ seq }) => seq)
        .slice(-mostNamed);
    const before = !seen.tests && !seen.lint && calls.some(({ tests, lint }) => tests || lint);
    return {
      name: spec.name,
      type: spec.type,
      reward,
      summary: summaryOf(seen, before),
      evidence: {
        ...seen,
        calls: calls.length,
        last_write: lastWrite < 0 ? null : lastWrite,
        tests_calls: seqs("tests"),
        lint_calls: seqs("lint"),
      },
      flags: [],
    };
  },
};

function summaryOf(
  { tests, lint, output }: Readonly<Record<"tests" | "lint" | "output", boolean>>,
  before: boolean,
): string {
  if (!tests && !lint)
    return before ? "It checked its work, and wrote again after that." : "It did not check its work.";
  const ran = [...(tests ? ["tests"] : []), ...(lint ? ["a linter"] : [])].join(" and ");
  return `It ran ${ran} after its last write${output ? "" : " and looked at no output"}.`;
}
