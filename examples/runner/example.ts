import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parse } from "yaml";
import { z } from "zod";
import type { EnvironmentInput } from "../../src/model/environment.ts";
import type { EnvironmentOf, Expected, OpenJudge, Policies, Row } from "./policy.ts";

const examples = join(import.meta.dirname, "..");

const rowSchema = z.strictObject({
  id: z.string().min(1),
  prompt: z.string().min(1),
  environment: z.string().min(1),
  item: z.record(z.string(), z.unknown()).optional(),
});

/** What the folder of an example holds. */
export interface Example {
  readonly name: string;
  readonly folder: string;
  readonly rows: readonly Row[];
  readonly policies: Policies;
  readonly expected: Expected;
  /** Rollouts for each row, of which the best counts. */
  readonly samples: number;
  readonly environmentOf: EnvironmentOf;
  /** A folder with the files that rollouts start from; undefined where the environments say it themselves. */
  readonly workspace: string | undefined;
  readonly openJudge: OpenJudge | undefined;
}

export const exampleNames: readonly string[] = readdirSync(examples)
  .filter((name) => existsSync(join(examples, name, "dataset.jsonl")))
  .toSorted();

async function modules<Exports>(file: string): Promise<Exports | undefined> {
  return existsSync(file) ? ((await import(pathToFileURL(file).href)) as Exports) : undefined;
}

/** The same for every row, under the name that the row gives. */
async function sharedEnvironment(file: string): Promise<EnvironmentOf> {
  const environment = parse(await readFile(file, "utf8")) as EnvironmentInput;
  return (row) => ({ ...environment, name: row.environment });
}

export async function loadExample(name: string): Promise<Example> {
  const folder = join(examples, name);
  const lines = (await readFile(join(folder, "dataset.jsonl"), "utf8")).split("\n").filter((line) => line !== "");
  const policy = await modules<{ policies: Policies; expected: Expected; samples?: number }>(join(folder, "policy.ts"));
  if (policy === undefined) throw new Error(`${folder} has no policy.ts.`);
  const environments = await modules<{ environmentOf: EnvironmentOf }>(join(folder, "environments.ts"));
  const judge = await modules<{ openJudge: OpenJudge }>(join(folder, "judge.ts"));
  const workspace = join(folder, "workspace");
  return {
    name,
    folder,
    rows: lines.map((line) => rowSchema.parse(JSON.parse(line)) as Row),
    policies: policy.policies,
    expected: policy.expected,
    samples: policy.samples ?? 1,
    environmentOf: environments?.environmentOf ?? (await sharedEnvironment(join(folder, "environment.yaml"))),
    workspace: existsSync(workspace) ? workspace : undefined,
    openJudge: judge?.openJudge,
  };
}
