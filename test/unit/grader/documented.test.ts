import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { systemIds } from "../../../src/core/ids.ts";
import type { JudgeModel } from "../../../src/grader/judge/judge-model.ts";
import { createGraders } from "../../../src/grader/registry.ts";
import { environment } from "../../../src/model/environment.ts";
import { checkGraders } from "../../../src/rollout/check-environment.ts";

const page = await readFile(join(import.meta.dirname, "../../../docs/grading.md"), "utf8");
const examples = [...page.matchAll(/```yaml\n# example: (\w+)\n([\s\S]*?)```/g)].map(
  ([, name = "", text = ""]) => [name, text] as const,
);
const neverAsked: JudgeModel = { ask: () => Promise.reject(new Error("Nobody is asked here.")) };

test("grading.md has an example of the graders that it describes", () => {
  const described = ["reward", "file_f1", "validation", "budget", "judge", "fact_recall", "lint", "command"];
  expect(examples.map(([name]) => name)).toEqual(expect.arrayContaining(described));
});

test.each(examples)("the example of %s in grading.md is loaded as it stands", async (_, text) => {
  const parsed = environment.parse(parse(text));
  const graders = createGraders(systemIds, neverAsked);
  await expect(checkGraders({ environment: parsed, baseDir: null }, { graders })).resolves.toBeUndefined();
});
