import { BerthError } from "../../core/errors.ts";
import type { IdSource } from "../../core/ids.ts";
import type { ChangeSet } from "../../model/change-set.ts";
import type { TestsGraderSpec } from "../../model/graders/tests.ts";
import type { Grader, PartResult } from "../grader.ts";
import { part } from "../part.ts";
import { changeSetEvidence } from "../clean-run/evidence.ts";
import { couldNotStart } from "../clean-run/run-command.ts";
import { attemptRun } from "./attempt.ts";
import { decide } from "./decide.ts";
import { runEvidence } from "./evidence.ts";
import type { Framework } from "./framework.ts";
import { frameworkOf } from "./frameworks.ts";
import { refusedReport } from "./test-report.ts";

type Attempt = Awaited<ReturnType<typeof attemptRun>>;
type Ran = Extract<Attempt, { kind: "ran" }>;

/**
 * Runs a task's hidden tests on what the policy wrote, in a clean sandbox, and decides from the report. What code of the
 * policy can bring about there is reward 0; an error means that the task itself cannot be graded, which a second run
 * without the policy's changes decides.
 */
export function createTestsGrader(ids: IdSource): Grader<TestsGraderSpec> {
  return {
    type: "tests",
    async check(spec, task) {
      frameworkOf(spec);
      if (spec.files !== undefined) await task.assertHiddenFolder(spec.files);
    },
    async grade(spec, context) {
      const framework = frameworkOf(spec);
      const hiddenFiles = spec.files === undefined ? [] : await context.hiddenFiles(spec.files);
      const attempt = (changeSet: ChangeSet) => attemptRun({ spec, context, framework, hiddenFiles, ids, changeSet });
      const pristine = () => attempt({ ...context.changeSet, written: [], deleted: [], refused: [] });

      context.onProgress(`Running the ${framework.name} tests in a clean sandbox`);
      let result = await attempt(context.changeSet);
      if (result.kind === "died") result = await attempt(context.changeSet);
      if (result.kind === "died") {
        const clean = await pristine();
        if (clean.kind === "died") throw clean.error;
        const summary = "No test counts: grading breaks twice with the policy's changes, and not without them.";
        const evidence = { error: result.error.report(), ...changeSetEvidence(context.changeSet) };
        return part(spec, 0, summary, evidence, ["sandbox_died"]);
      }
      if (couldNotStart(result.run)) await assertStartsWithout(pristine, result);
      return verdictOf(spec, framework, result);
    },
  };
}

/** @throws BerthError `grader_failed` when the command cannot be started in a sandbox that no policy touched either */
async function assertStartsWithout(pristine: () => Promise<Attempt>, { run }: Ran): Promise<void> {
  const clean = await pristine();
  if (clean.kind === "died") throw clean.error;
  if (!couldNotStart(clean.run)) return;
  const said = run.result.stderr.tail || run.result.stderr.head;
  throw new BerthError("grader_failed", `The tests grader's command cannot be started: ${said.trim().slice(-500)}`);
}

function verdictOf(spec: TestsGraderSpec, framework: Framework, { run, plan, screened }: Ran): PartResult {
  const report =
    run.report === undefined ? refusedReport(run.reportFault ?? "there is no report") : framework.parse(run.report);
  const decision = decide({ spec, outcome: run.result.outcome, report, canaries: plan.canaries });
  const evidence = { ...runEvidence(run, plan, decision), ...changeSetEvidence(screened.changeSet) };
  return part(spec, decision.reward, decision.summary, evidence, [...screened.flags, ...decision.flags]);
}
