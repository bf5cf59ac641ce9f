import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import { BerthError } from "../core/errors.ts";
import { environment, type Environment } from "../model/environment.ts";
import { describeIssues } from "../model/issues.ts";

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
  const file = resolve(path);
  let content: unknown;
  try {
    content = parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new BerthError("invalid_environment", `${path} cannot be read as YAML: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const parsed = environment.safeParse(content);
  if (!parsed.success)
    throw new BerthError("invalid_environment", `${path} was refused: ${describeIssues(parsed.error.issues)}.`);
  return { environment: parsed.data, baseDir: dirname(file) };
}
