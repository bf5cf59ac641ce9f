import { Command } from "commander";
import type { GradeRequest } from "../../model/verdict.ts";
import { clientFor, printJson, type CliContext } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { readGradersFile } from "../graders-file.ts";
import { printVerdict } from "../print-rollout.ts";

interface Options {
  answer?: string;
  again?: boolean;
  graders?: string;
  url?: string;
  json?: boolean;
}

function requestOf({ answer, again, graders }: Options): GradeRequest {
  const given = { ...(answer === undefined ? {} : { answer }), ...(again ? { again } : {}) };
  if (graders === undefined) return given;
  const { baseDir, reward, ...file } = readGradersFile(graders);
  return { ...given, ...file, ...(reward && { reward }), base_dir: baseDir };
}

export const rolloutGradeCommand = (context: CliContext): Command =>
  new Command("grade")
    .summary("grade a rollout in a clean sandbox")
    .description(
      "Ends the policy's turn and prints the verdict. Asking once more gives the same verdict; with --again the stored change set is graded anew, by the same graders or others, and the first verdict stands. Exit code 0 when there is a reward, whatever it is; 1 when the rollout stays unscored.",
    )
    .argument("<id>", "the rollout")
    .option("--answer <text>", "the policy's last message")
    .option("--again", "grade the stored change set once more; without --answer it judges the first answer")
    .option("--graders <file>", "with --again: a YAML file with graders, instead of the environment's")
    .addHelpText(
      "after",
      `
Examples:
  berth rollout grade ID
  berth rollout grade ID --json | jq .reward
  berth rollout grade ID --again --graders stricter.yaml`,
    )
    .action(async (id: string, options: Options, command: Command) => {
      if (options.graders !== undefined && !options.again) command.error("error: --graders needs --again");
      const verdict = await clientFor(context, options).grade(id, requestOf(options));
      if (verdict.status === "unscored") context.endWith(exitCodes.no);
      if (options.json) printJson(context, verdict);
      else printVerdict(context.terminal, verdict);
    });
