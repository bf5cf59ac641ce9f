import { Command } from "commander";
import { clientFor, printJson, type CliContext } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { printVerdict } from "../print-rollout.ts";

interface Options {
  answer?: string;
  url?: string;
  json?: boolean;
}

export const rolloutGradeCommand = (context: CliContext): Command =>
  new Command("grade")
    .summary("grade a rollout in a clean sandbox")
    .description(
      "Ends the policy's turn and prints the verdict. Again gives the same verdict. Exit code 0 when there is a reward, whatever it is; 1 when the rollout stays unscored.",
    )
    .argument("<id>", "the rollout")
    .option("--answer <text>", "the policy's last message")
    .addHelpText(
      "after",
      `
Examples:
  berth rollout grade ID
  berth rollout grade ID --json | jq .reward`,
    )
    .action(async (id: string, options: Options) => {
      const verdict = await clientFor(context, options).grade(
        id,
        options.answer === undefined ? {} : { answer: options.answer },
      );
      if (verdict.status === "unscored") context.endWith(exitCodes.no);
      if (options.json) printJson(context, verdict);
      else printVerdict(context.terminal, verdict);
    });
