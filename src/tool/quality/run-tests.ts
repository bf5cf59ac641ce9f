import { declaredCommand } from "./declared-command.ts";

export const runTests = declaredCommand("test", {
  name: "run_tests",
  description: `Runs the project's tests by the command that the environment declares, or a part of them.
Comes back: what the command wrote, and how it ended unless it exited with 0. Passing visible tests does not prove that hidden ones pass.`,
});
