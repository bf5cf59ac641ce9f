import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { systemIds } from "../../../src/core/ids.ts";
import { createKernelGrader } from "../../../src/grader/kernel/kernel-grader.ts";
import { environment } from "../../../src/model/environment.ts";
import { kernelGraderSpec } from "../../../src/model/graders/kernel.ts";

const grader = createKernelGrader(systemIds);
const task = { assertHiddenFolder: async () => {} };

async function documented(): Promise<string> {
  const page = await readFile(path.resolve(import.meta.dirname, "../../../docs/grading.md"), "utf8");
  return /## The grader `kernel`\n[^]*?```yaml\n([^]*?)```/.exec(page)?.[1] ?? "";
}

test("the example of kernel in grading.md is loaded as it stands", async () => {
  const { graders } = environment.parse(parse(await documented()));
  expect(graders).toHaveLength(1);
  await grader.check?.(kernelGraderSpec.parse(graders[0]), task);
});

test.each([
  { language: "cuda", device: "gpu" },
  { language: "triton", device: "gpu" },
  { language: "triton" },
  { device: "gpu" },
])("%o is refused where no provider gives sandboxes a GPU", async (change) => {
  const { graders } = environment.parse(parse(await documented()));
  const spec = kernelGraderSpec.parse({ ...graders[0], ...change });
  await expect(grader.check?.(spec, task)).rejects.toMatchObject({ code: "capability_missing", causedBy: "task" });
});

test("a declaration whose sizes do not fit is refused before a policy works on it", async () => {
  const { graders } = environment.parse(parse(await documented()));
  const spec = kernelGraderSpec.parse({ ...graders[0], sizes: [{ m: 3 }] });
  await expect(grader.check?.(spec, task)).rejects.toMatchObject({ code: "invalid_environment" });
});
