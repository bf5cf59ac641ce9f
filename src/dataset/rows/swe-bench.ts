import { condaEnv, TESTBED } from "./conda.ts";
import { filled, has, nameOf, optionalText, testIds, text } from "./fields.ts";
import type { RowFormat } from "./row-format.ts";

/** The images that the data set's makers publish have this name, with `__` in the id written as `_1776_`. */
const publishedImage = (id: string): string =>
  `swebench/sweb.eval.x86_64.${id.replaceAll("__", "_1776_").toLowerCase()}:latest`;

/** SWE-bench, and Verified, Lite and Multimodal, whose lists of tests are texts with JSON in them. */
export const sweBench: RowFormat = {
  name: "swe-bench",
  matches: (row) =>
    has(row, "instance_id", "repo", "base_commit", "test_patch", "FAIL_TO_PASS") && !has(row, "image_name"),
  read: (row, options) => {
    const id = nameOf(text(row, "instance_id"));
    return {
      id,
      image: options.image === undefined ? publishedImage(id) : filled(options.image, row),
      workdir: TESTBED,
      repo: text(row, "repo"),
      commit: text(row, "base_commit"),
      testPatch: text(row, "test_patch"),
      files: [],
      solution: optionalText(row, "patch"),
      prompt: optionalText(row, "problem_statement") ?? "",
      setup: [],
      env: condaEnv,
      command: options.command ?? "python -m pytest",
      ...testIds(row, "FAIL_TO_PASS", "PASS_TO_PASS"),
    };
  },
};
