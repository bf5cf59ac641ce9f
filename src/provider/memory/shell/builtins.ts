import { GuestFault } from "../tree/fault.ts";
import { ShellExit, type Program } from "./shell.ts";

/** Commands that change the shell itself. */
export const builtins: ReadonlyMap<string, Program> = new Map<string, Program>([
  [
    "cd",
    async (shell, [path = shell.workspace]) => {
      const place = shell.tree.find(path, { from: shell.cwd });
      if (place.node.type !== "directory") throw new GuestFault("not_directory", `cd: ${path}: not a directory`);
      shell.cwd = place.path;
      return 0;
    },
  ],
  [
    "exit",
    async (shell, [code]) => {
      throw new ShellExit(code === undefined ? shell.lastStatus : Number.parseInt(code, 10) || 0);
    },
  ],
  [
    "export",
    async (shell, args) => {
      for (const arg of args) {
        const at = arg.indexOf("=");
        if (at > 0) shell.env.set(arg.slice(0, at), arg.slice(at + 1));
      }
      return 0;
    },
  ],
  [
    "unset",
    async (shell, args) => {
      for (const arg of args) shell.env.delete(arg);
      return 0;
    },
  ],
  // Signals are not delivered to anyone, so there is nothing to trap.
  ["trap", async () => 0],
  ["set", async () => 0],
  [
    "wait",
    async (shell) => {
      while (shell.call.jobs > 0) await shell.call.pause();
      return 0;
    },
  ],
]);
