import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import type { z } from "zod";
import { BerthError } from "../core/errors.ts";
import { describeIssues } from "../model/issues.ts";

/** What a YAML file of the user's says, as its schema has it. @throws BerthError `invalid_environment` naming the file and the fields */
export function readYamlFile<Schema extends z.ZodType>(path: string, schema: Schema): z.output<Schema> {
  let content: unknown;
  try {
    content = parse(readFileSync(resolve(path), "utf8"));
  } catch (error) {
    throw new BerthError("invalid_environment", `${path} cannot be read as YAML: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  throw new BerthError("invalid_environment", `${path} was refused: ${describeIssues(parsed.error.issues)}.`);
}
