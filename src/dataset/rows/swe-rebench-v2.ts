import { Unusable } from "../task.ts";
import { filled, has, nameOf, object, optionalText, testIds, text } from "./fields.ts";
import type { Row, RowFormat } from "./row-format.ts";

/** SWE-rebench-V2: any language, with the command and the reader of its output in `install_config`. */
export const sweRebenchV2: RowFormat = {
  name: "swe-rebench-v2",
  matches: (row) => has(row, "instance_id", "repo", "base_commit", "test_patch", "image_name", "install_config"),
  read: (row, options) => {
    const config = object(row, "install_config");
    const parser = optionalText(config, "log_parser") ?? "none";
    if (!/pytest/.test(parser))
      throw new Unusable(
        `its tests are read by ${parser}, and only pytest's names are those that Berth's reporter gives`,
      );
    const repo = text(row, "repo");
    return {
      id: nameOf(text(row, "instance_id")),
      image: options.image === undefined ? text(row, "image_name") : filled(options.image, row),
      workdir: `/${repo.split("/").at(-1) ?? repo}`,
      repo,
      commit: text(row, "base_commit"),
      testPatch: text(row, "test_patch"),
      files: [],
      solution: optionalText(row, "patch"),
      prompt: optionalText(row, "problem_statement") ?? "",
      setup: [],
      env: {},
      command: options.command ?? commandOf(config),
      ...testIds(row, "FAIL_TO_PASS", "PASS_TO_PASS"),
    };
  },
};

function commandOf(config: Row): string {
  const command = config["test_cmd"];
  const last: unknown = Array.isArray(command) ? command.at(-1) : command;
  if (typeof last !== "string" || last === "") throw new Unusable("install_config.test_cmd is missing");
  return last;
}
