import { applyPatch } from "./apply-patch.ts";
import { editFile } from "./edit-file.ts";
import { glob } from "./glob.ts";
import { grep } from "./grep.ts";
import { listDir } from "./list-dir.ts";
import { readFile } from "./read-file.ts";
import { readOutput } from "./read-output.ts";
import { shell } from "./shell.ts";
import type { Tool } from "./tool.ts";
import { writeFile } from "./write-file.ts";

/** Every tool that Berth comes with. */
export const builtinTools: readonly Tool[] = [
  shell,
  readOutput,
  grep,
  glob,
  listDir,
  readFile,
  writeFile,
  editFile,
  applyPatch,
];
