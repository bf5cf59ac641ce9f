import { BerthError } from "../../core/errors.ts";
import type { IdSource } from "../../core/ids.ts";
import type { ChangeSet } from "../../model/change-set.ts";
import type { CommandGraderSpec } from "../../model/graders/command.ts";
import { changeSetEvidence, commandEvidence } from "../clean-run/evidence.ts";
import type { Grader, PartResult } from "../grader.ts";
import { part } from "../part.ts";
import { commandRun } from "./command-run.ts";

/**
 * Takes the reward that a command of the task tells in a clean sandbox. Where it tells none with the policy's changes, a run
 * without them decides whether the task is broken, which leaves the rollout unscored, or the policy has brought it about.
 */
export function createCommandGrader(ids: IdSource): Grader<CommandGraderSpec> {
  return {
    type: "command",
    async check(spec, task) {
      if (spec.files !== undefined) await task.assertHiddenFolder(spec.files);
    },

    async grade(spec, context) {
      const [low, high] = spec.range;
      const hiddenFiles = spec.files === undefined ? [] : await context.hiddenFiles(spec.files);
      const run = (changeSet: ChangeSet) => commandRun({ spec, context, hiddenFiles, ids, changeSet });

      context.onProgress("Running the command in a clean sandbox");
      let result = await run(context.changeSet);
      if (result.kind === "died") result = await run(context.changeSet);
      if (result.kind === "ran" && "reward" in result.told) {
        const reward = Math.min(high, Math.max(low, result.told.reward));
        const summary = `The command gives ${result.told.reward}${reward === result.told.reward ? "" : `, cut to ${reward}`}.`;
        const evidence = { ...shown(result.run.result), ...changeSetEvidence(result.changeSet) };
        return part(spec, reward, summary, evidence, [...result.flags]);
      }

      context.onProgress("Running the command without the policy's changes");
      const clean = await run({ ...context.changeSet, written: [], deleted: [], refused: [] });
      if (clean.kind === "died") throw clean.error;
      if (!("reward" in clean.told)) throw neverTells(clean.told.fault, clean.run.result);
      if (result.kind === "died") {
        const summary = "Grading breaks twice with the policy's changes, and not without them.";
        return part(spec, low, summary, { error: result.error.report() }, ["sandbox_died"]);
      }
      const { told, changeSet, flags } = result;
      const summary = `With the policy's changes ${"fault" in told ? told.fault : ""}, and without them it tells one.`;
      const evidence = { ...shown(result.run.result), ...changeSetEvidence(changeSet) };
      const flag = "toldTwice" in told ? "report_forged" : "no_reward";
      return part(spec, low, summary, evidence, [...flags, flag]);
    },
  };
}

type CommandResult = Parameters<typeof commandEvidence>[0];

function neverTells(fault: string, { stderr }: CommandResult): BerthError {
  const said = (stderr.tail || stderr.head).trim().slice(-500);
  return new BerthError(
    "invalid_environment",
    `The command grader finds no reward in the snapshot as it is: ${fault}.${said === "" ? "" : ` It said: ${said}`}`,
    { remedy: "Have the command say `reward NUMBER` once, in its own shell, whatever it finds." },
  );
}

/** Keys are of one run, but what people read has none. */
const shown = (result: CommandResult): PartResult["evidence"] => {
  const evidence = commandEvidence(result);
  return JSON.parse(JSON.stringify(evidence).replaceAll(/\b[0-9a-f]{64}\b/g, "[key]")) as PartResult["evidence"];
};
