import { Command } from "commander";
import { printJson, type CliContext } from "../context.ts";
import type { Check, CheckResult } from "../doctor/check.ts";
import { examine, type Examination } from "../doctor/examine.ts";
import { thisHost } from "../doctor/host.ts";
import { exitCodes } from "../exit-codes.ts";
import { configOf, withSettings } from "../settings.ts";
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

export const doctorCommand = (context: CliContext): Command =>
  withSettings(new Command("doctor"), ["data_dir", "provider", "docker_host", "guest_binary"])
    .summary("say what works on this machine, and what mends the rest")
    .description(
      "Tries what Berth stands on: programs, kernel, cgroups, runtimes, Docker, space. Changes nothing. Exit code 1 when the configured provider cannot run, or with auto none of them.",
    )
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  berth doctor\n  berth doctor --provider docker --json | jq '.checks[] | select(.result != \"ok\")'",
    )
    .action(async (options: Record<string, unknown>) => {
      const examination = await examine(thisHost, configOf(context, options));
      if (!examination.ok) context.endWith(exitCodes.no);
      if (options["json"]) printJson(context, examination);
      else printExamination(context.terminal, examination);
    });
