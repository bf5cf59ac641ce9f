import { declaredCommand } from "./declared-command.ts";

export const formatCode = declaredCommand("format", {
  name: "format",
  description: `Formats the project's code by the command that the environment declares; it may change files.
Comes back: what the command wrote, and how it ended unless it exited with 0.`,
});
