import { Unusable } from "../task.ts";
import { TESTBED } from "./conda.ts";
import { filled, has, nameOf, object, optionalText, text, texts } from "./fields.ts";
import type { Row, RowFormat } from "./row-format.ts";

/** Where the tests lie while they run; the image has them too, where a policy could read them. */
const FOLDER = "r2e_tests";

/** R2E-Gym: its images hold the tree, its rows the tests in full, and what each is expected to come to. */
export const r2eGym: RowFormat = {
  name: "r2e-gym",
  matches: (row) => has(row, "docker_image", "commit_hash", "repo_name", "expected_output_json"),
  read: (row, options) => {
    const repo = text(row, "repo_name");
    const files = testFiles(row);
    return {
      id: nameOf(`${repo}-${text(row, "commit_hash").slice(0, 12)}`),
      image: options.image === undefined ? text(row, "docker_image") : filled(options.image, row),
      workdir: TESTBED,
      repo: undefined,
      commit: undefined,
      testPatch: undefined,
      files,
      solution: undefined,
      prompt: optionalText(row, "problem_statement") ?? "",
      setup: [`rm -rf /${FOLDER} ${FOLDER} run_tests.sh`],
      env: { PATH: `${TESTBED}/.venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin` },
      command: options.command ?? "python -W ignore -m pytest",
      failToPass: [],
      passToPass: expectedToPass(row, files),
    };
  },
};

function testFiles(row: Row): { path: string; content: string }[] {
  const result = object(row, "execution_result_content");
  const [names, codes] = [texts(result, "test_file_names"), texts(result, "test_file_codes")];
  if (names.length === 0 || names.length !== codes.length)
    throw new Unusable("execution_result_content has no test files");
  return names.map((name, at) => ({ path: `${FOLDER}/${name.split("/").at(-1) ?? name}`, content: codes[at] ?? "" }));
}

/** The row names tests by class and function; the file is the one that defines the function. */
function expectedToPass(row: Row, files: readonly { path: string; content: string }[]): string[] {
  const passed = Object.entries(object(row, "expected_output_json")).filter(([, outcome]) => outcome === "PASSED");
  if (passed.length === 0) throw new Unusable("expected_output_json expects no test to pass");
  return passed.map(([name]) => {
    const parts = name.replace(/\[.*$/s, "").split(".");
    const holders = files.filter(({ content }) => content.includes(`def ${parts.at(-1)}(`));
    const [holder] = holders;
    if (!holder || holders.length > 1) throw new Unusable(`the file of the test ${name} cannot be told`);
    return `${holder.path}::${parts.join("::")}${name.slice(parts.join(".").length)}`;
  });
}
