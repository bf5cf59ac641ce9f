import { BerthError } from "../../core/errors.ts";
import type { IdSource } from "../../core/ids.ts";
import type { LintGraderSpec } from "../../model/graders/lint.ts";
import { changeSetEvidence, commandEvidence } from "../clean-run/evidence.ts";
import type { Grader, PartResult } from "../grader.ts";
import { part } from "../part.ts";
import { newFindings } from "./delta.ts";
import type { Finding } from "./lint-report.ts";
import { lintRun, type LintRun } from "./lint-run.ts";
import { linters } from "./linters.ts";

/** Named one by one in a verdict; counts tell the rest. */
const mostNamed = 50;

/**
 * Lints the snapshot and the snapshot with the policy's changes, each in a clean sandbox, and rewards that nothing new
 * is found. A linter that fails on the snapshot leaves the rollout unscored; one that only the changes make fail is 0.
 */
export function createLintGrader(ids: IdSource): Grader<LintGraderSpec> {
  return {
    type: "lint",
    async check(spec, task) {
      if (spec.files !== undefined) await task.assertHiddenFolder(spec.files);
      if (spec.linter === "go_vet" && spec.config !== undefined)
        throw new BerthError("invalid_environment", "graders: go vet takes no configuration; leave config out.");
    },

    async grade(spec, context) {
      const linter = linters[spec.linter];
      const hiddenFiles = spec.files === undefined ? [] : await context.hiddenFiles(spec.files);
      const run = (changed: boolean) => lintRun({ spec, context, linter, hiddenFiles, ids, changed });

      context.onProgress(`Running ${spec.linter} on the snapshot`);
      const base = await run(false);
      if (base.kind === "died") throw base.error;
      const before = findingsOf(base);
      if (typeof before === "string") throw cannotLint(spec, base, before);

      context.onProgress(`Running ${spec.linter} on the changes`);
      let head = await run(true);
      if (head.kind === "died") head = await run(true);
      if (head.kind === "died") {
        const error = head.error.report();
        return part(spec, 0, "The linter breaks twice with the policy's changes, and not without them.", { error }, [
          "sandbox_died",
        ]);
      }
      return verdictOf(spec, base, head, before);
    },
  };
}

const findingsOf = ({ report }: LintRun): readonly Finding[] | string =>
  "trouble" in report ? report.trouble : report.findings;

function cannotLint(spec: LintGraderSpec, { run }: LintRun, trouble: string): BerthError {
  const said = (run.result.stderr.tail || run.result.stderr.head).trim().slice(-500);
  return new BerthError(
    "invalid_environment",
    `${spec.linter} cannot lint the snapshot as it is: ${trouble}.${said === "" ? "" : ` It said: ${said}`}`,
    { remedy: "Install the linter in the image or by setup, and check the grader's config and paths." },
  );
}

function verdictOf(spec: LintGraderSpec, base: LintRun, head: LintRun, before: readonly Finding[]): PartResult {
  const after = findingsOf(head);
  const suppressed = Math.max(0, head.suppressions - base.suppressions);
  const flags = [...head.flags, ...(suppressed > 0 ? ["suppressed_findings"] : [])];
  const seen = {
    ...commandEvidence(head.run.result),
    ...changeSetEvidence(head.changeSet),
    findings_before: before.length,
    suppressions_added: suppressed,
  };
  // The report stands on standard output: what it said counts, and is too much to be shown.
  const evidence = { ...seen, stdout: undefined };
  if (typeof after === "string")
    return part(spec, 0, `With the policy's changes ${after}.`, evidence, [...flags, "linter_broke"]);

  const added = newFindings(before, after);
  const count = added.reduce((sum, one) => sum + one.count, 0);
  const unreadable = added.filter((one) => one.unreadable);
  const details = {
    ...evidence,
    findings_after: after.length,
    findings_added: count,
    added: added.slice(0, mostNamed).map(({ path, rule, count: times }) => ({ path, rule, count: times })),
  };
  if (unreadable.length > 0) {
    const where = unreadable[0]?.path ?? "";
    const summary = `Code cannot be read where the policy changed it (${where}), so that nothing else is found there.`;
    return part(spec, 0, summary, details, [...flags, "unreadable_code"]);
  }
  const reward = Math.max(0, 1 - spec.penalty * count);
  return part(spec, reward, count === 0 ? "Nothing new is found." : `${count} new findings.`, details, flags);
}
