import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { environment, type Environment } from "../model/environment.ts";
import { readYamlFile } from "./yaml-file.ts";

export interface EnvironmentFile {
  readonly environment: Environment;
  /** Where its relative paths start. */
  readonly baseDir: string;
}

/** Whether an argument is meant as a file rather than as the name of an environment. */
export function looksLikeFile(argument: string): boolean {
  if (/\.ya?ml$/.test(argument) || argument.includes("/")) return true;
  return statSync(argument, { throwIfNoEntry: false })?.isFile() === true;
}

/** @throws BerthError `invalid_environment` naming the file and the fields */
export function readEnvironmentFile(path: string): EnvironmentFile {
  return { environment: readYamlFile(path, environment), baseDir: dirname(resolve(path)) };
}
