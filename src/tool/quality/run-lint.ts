import { declaredCommand } from "./declared-command.ts";

export const runLint = declaredCommand("lint", {
  name: "run_lint",
  description: `Runs the project's linter or type checker by the command that the environment declares.
Comes back: what the command wrote, and how it ended unless it exited with 0.`,
});
