import { condaEnv, TESTBED } from "./conda.ts";
import { filled, has, nameOf, optionalText, testIds, text } from "./fields.ts";
import { patchStep } from "./setup-steps.ts";
import type { RowFormat } from "./row-format.ts";

/** SWE-smith: `patch` is the bug, so the policy starts from the image with it applied, and its reverse is the solution. */
export const sweSmith: RowFormat = {
  name: "swe-smith",
  matches: (row) => has(row, "instance_id", "image_name", "patch", "FAIL_TO_PASS") && !has(row, "test_patch"),
  read: (row, options) => {
    const bug = text(row, "patch");
    return {
      id: nameOf(text(row, "instance_id")),
      image: options.image === undefined ? text(row, "image_name") : filled(options.image, row),
      workdir: TESTBED,
      repo: undefined,
      commit: undefined,
      testPatch: undefined,
      files: [],
      solution: bug,
      prompt: optionalText(row, "problem_statement") ?? "",
      setup: [patchStep(bug)],
      env: condaEnv,
      command: options.command ?? "python -m pytest",
      ...testIds(row, "FAIL_TO_PASS", "PASS_TO_PASS"),
    };
  },
};
