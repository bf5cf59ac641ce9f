import type { Command } from "commander";
import { expect, test } from "vitest";
import { buildCli } from "../../../src/cli/cli.ts";
import { fakeTerminal } from "../../support/fake-terminal.ts";

const cli = buildCli(
  {
    compose: async () => {
      throw new Error("Help needs no controller.");
    },
    terminal: fakeTerminal(),
    screen: () => {
      throw new Error("Help needs no screen.");
    },
    env: {},
    endWith: () => {},
  },
  "0.0.0",
);

const path = (command: Command): string => (command.parent ? `${path(command.parent)} ${command.name()}` : "berth");
const withInner = (command: Command): Command[] => [command, ...command.commands.flatMap(withInner)];
const commands = withInner(cli).map((command) => [path(command), command] as const);

test("every command but the groups is there", () => {
  expect(commands.filter(([, { commands: inner }]) => inner.length === 0).map(([name]) => name)).toEqual([
    "berth serve",
    "berth demo",
    "berth bench",
    "berth doctor",
    "berth env build",
    "berth env import",
    "berth env ls",
    "berth env rm",
    "berth image build",
    "berth image ls",
    "berth rollout create",
    "berth rollout exec",
    "berth rollout attach",
    "berth rollout grade",
    "berth rollout show",
    "berth rollout ls",
    "berth rollout export",
    "berth rollout rm",
    "berth rollout events",
    "berth agent run",
    "berth rft preflight",
    "berth rft job create",
    "berth rft job watch",
    "berth gc",
    "berth audit",
  ]);
});

test.each(commands)("%s --help says what it does and shows examples of itself", (name, command) => {
  let help = "";
  command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
  expect(command.description()).toMatch(/\.$/);
  const [, examples = ""] = help.split("\nExamples:\n");
  const lines = examples.split("\n\n")[0]?.split("\n") ?? [];
  expect(lines.filter((line) => line.trim() !== "").length).toBeGreaterThan(0);
  expect(lines[0]).toMatch(new RegExp(`^ {2}(?:[A-Z_]+="[^"]*" )?${name}\\b`));
});
