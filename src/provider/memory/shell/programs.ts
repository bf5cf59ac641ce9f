import { filePrograms } from "./file-programs.ts";
import { processPrograms } from "./process-programs.ts";
import type { Program } from "./shell.ts";
import { textPrograms } from "./text-programs.ts";

/** Every program that the fake has; any other name ends with 127. */
export const standardPrograms: ReadonlyMap<string, Program> = new Map([
  ...textPrograms,
  ...filePrograms,
  ...processPrograms,
]);
