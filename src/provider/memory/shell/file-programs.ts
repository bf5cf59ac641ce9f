import { GuestFault } from "../tree/fault.ts";
import { copyOf, emptyDirectory, sortedNames, type TreeNode } from "../tree/nodes.ts";
import { assertWritable } from "./redirect.ts";
import { say, type Program, type Shell } from "./shell.ts";

/** Programs that change the file tree. */
export const filePrograms: readonly (readonly [string, Program])[] = [
  [
    "ls",
    async (shell, args) => {
      const [path = "."] = plain(args);
      const { node } = shell.tree.find(path, { from: shell.cwd });
      const names = node.type === "directory" ? sortedNames(node) : [path];
      const hidden = args.some((arg) => /^-.*a/.test(arg));
      await say(
        shell.stdout,
        names
          .filter((name) => hidden || !name.startsWith("."))
          .map((name) => `${name}\n`)
          .join(""),
      );
      return 0;
    },
  ],
  [
    "rm",
    async (shell, args) => {
      const flags = args.filter((arg) => arg.startsWith("-")).join("");
      for (const path of plain(args)) {
        const place = shell.tree.lookup(path, { from: shell.cwd, followLast: false });
        if (place.node === undefined && flags.includes("f")) continue;
        if (place.node === undefined) throw new GuestFault("not_found", `rm: ${path}: No such file or directory`);
        if (place.node.type === "directory" && !/[rR]/.test(flags))
          throw new GuestFault("not_regular_file", `rm: ${path}: is a directory`);
        assertWritable(shell, place.path);
        place.parent.children.delete(place.name);
      }
      return 0;
    },
  ],
  [
    "mkdir",
    async (shell, args) => {
      for (const path of plain(args)) {
        if (args.includes("-p")) {
          assertWritable(shell, path.startsWith("/") ? path : `${shell.cwd}/${path}`);
          shell.tree.makeDirectories(path, { from: shell.cwd });
        } else make(shell, path, emptyDirectory());
      }
      return 0;
    },
  ],
  [
    "touch",
    async (shell, args) => {
      for (const path of plain(args)) {
        if (shell.tree.lookup(path, { from: shell.cwd }).node === undefined)
          make(shell, path, { type: "file", bytes: Buffer.alloc(0), mode: 0o644 });
      }
      return 0;
    },
  ],
  ["mkfifo", async (shell, args) => (plain(args).forEach((path) => make(shell, path, { type: "other" })), 0)],
  [
    "ln",
    async (shell, args) => {
      const [target = "", path = ""] = plain(args);
      if (!args.some((arg) => /^-.*s/.test(arg)))
        throw new GuestFault("invalid_argument", "ln: only symbolic links (-s) are interpreted here");
      make(shell, path, { type: "link", target });
      return 0;
    },
  ],
  ["cp", async (shell, args) => copy(shell, args)],
  [
    "mv",
    async (shell, args) => {
      const [from = ""] = plain(args);
      const place = shell.tree.find(from, { from: shell.cwd, followLast: false });
      assertWritable(shell, place.path);
      copy(shell, args);
      place.parent.children.delete(place.name);
      return 0;
    },
  ],
  [
    "chmod",
    async (shell, [mode = "", ...paths]) => {
      for (const path of paths) {
        const { node, path: full } = shell.tree.find(path, { from: shell.cwd });
        assertWritable(shell, full);
        if (node.type !== "file") continue;
        if (/^[0-7]+$/.test(mode)) node.mode = Number.parseInt(mode, 8);
        else if (mode.endsWith("+x")) node.mode |= 0o111;
        else if (mode.endsWith("-x")) node.mode &= ~0o111;
      }
      return 0;
    },
  ],
];

function plain(args: readonly string[]): string[] {
  return args.filter((arg) => !arg.startsWith("-"));
}

function make(shell: Shell, path: string, node: TreeNode): void {
  const place = shell.tree.lookup(path, { from: shell.cwd, followLast: false });
  if (place.node !== undefined) throw new GuestFault("already_exists", `${path}: File exists`);
  assertWritable(shell, place.path);
  shell.tree.put(place, node);
}

function copy(shell: Shell, args: readonly string[]): number {
  const [from = "", to = ""] = plain(args);
  const source = shell.tree.find(from, { from: shell.cwd });
  let target = shell.tree.lookup(to, { from: shell.cwd });
  if (target.node?.type === "directory") target = shell.tree.lookup(`${target.path}/${source.name}`);
  assertWritable(shell, target.path);
  shell.tree.put(target, source.node.type === "directory" ? copyOf(source.node) : { ...source.node });
  return 0;
}
