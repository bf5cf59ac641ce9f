import { join } from "node:path";
import { Command } from "commander";
import { exists } from "../../core/exists.ts";
import { printJson, type CliContext } from "../context.ts";
import type { Check, CheckResult } from "../doctor/check.ts";
import { examine, type Examination } from "../doctor/examine.ts";
import { thisHost } from "../doctor/host.ts";
import { exitCodes } from "../exit-codes.ts";
import { leakReport, printLeaks } from "../print-leaks.ts";
import { configOf, localSettings, withBerth, withSettings } from "../settings.ts";
import { table } from "../table.ts";
import { paint, type Terminal } from "../terminal.ts";

const colours: Readonly<Record<CheckResult, "green" | "yellow" | "red">> = {
  ok: "green",
  degraded: "yellow",
  missing: "red",
};

function printChecks(terminal: Terminal, checks: readonly Check[]): void {
  const [heading = "", ...lines] = table(
    ["check", "result", "found"],
    checks.map(({ name, result, detail }) => [name, result, detail]),
  ).split("\n");
  const painted = lines.map((line, index) => {
    const result = checks[index]?.result ?? "ok";
    return line.replace(` ${result} `, ` ${paint(terminal, colours[result], result)} `);
  });
  terminal.out([paint(terminal, "bold", heading), ...painted].join("\n"));
}

function printExamination(terminal: Terminal, { ok, providers, checks }: Examination): void {
  printChecks(terminal, checks);
  const toMend = checks.filter((check) => check.remedy !== null);
  if (toMend.length > 0)
    terminal.out(
      `\nTo mend:\n${toMend.map(({ name, result, remedy }) => `  ${name} (${result}): ${remedy}`).join("\n")}`,
    );
  const verdicts = providers.map(
    ({ provider, runs, lacks }) => `  ${provider}: ${runs ? "can run" : `cannot run; it lacks ${lacks.join(", ")}`}`,
  );
  terminal.out(`\nProviders:\n${verdicts.join("\n")}`);
  terminal.out(
    ok ? paint(terminal, "green", "Sandboxes can run here.") : paint(terminal, "red", "No sandbox can run here yet."),
  );
}

async function lookForLeaks(context: CliContext, options: Record<string, unknown>): Promise<void> {
  const { data_dir, store_url } = configOf(context, options);
  const hasRecords = store_url !== "" || (await exists(join(data_dir, "berth.db")));
  const leaks = hasRecords ? await withBerth(context, options, (berth) => berth.leaks(), "observer") : [];
  const reports = leaks.map((leak) => leakReport(leak, Date.now()));
  if (reports.some(({ harmless }) => !harmless)) context.endWith(exitCodes.no);
  if (options["json"]) return printJson(context, { leaks: reports });
  if (!hasRecords)
    return context.terminal.out(`There are no records in ${data_dir}, so nothing can be compared with them.`);
  printLeaks(context.terminal, reports);
}

export const doctorCommand = (context: CliContext): Command =>
  withSettings(new Command("doctor"), [...localSettings, "max_rollouts"])
    .summary("say what works on this machine, and what mends the rest")
    .description(
      "Tries what Berth stands on: programs, kernel, cgroups, runtimes, Docker, space and, with the provider kubernetes, the cluster. Changes nothing. Exit code 1 when the configured provider cannot run, or with auto none of them. With --leaks it compares what the data directory's records say with what exists (sandboxes, containers, volumes, cgroups, mounts, sockets, folders, loop devices), says of each thing too many whose it is, how old, why it is too many and what removes it, and ends with 1 when there is one; `berth gc` removes what is this installation's.",
    )
    .option(
      "--leaks",
      "look for what is left over of sandboxes, builds and controllers that are no more; removes nothing",
    )
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  berth doctor\n  berth doctor --provider docker --json | jq '.checks[] | select(.result != \"ok\")'\n  berth doctor --leaks",
    )
    .action(async (options: Record<string, unknown>) => {
      if (options["leaks"]) return lookForLeaks(context, options);
      const examination = await examine(thisHost, configOf(context, options), context.examineCluster);
      if (!examination.ok) context.endWith(exitCodes.no);
      if (options["json"]) printJson(context, examination);
      else printExamination(context.terminal, examination);
    });
