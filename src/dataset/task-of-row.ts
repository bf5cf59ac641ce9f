import { BerthError } from "../core/errors.ts";
import type { EnvironmentInput } from "../model/environment.ts";
import { formatOf } from "./rows/formats.ts";
import type { Row, RowOptions, RowTask } from "./rows/row-format.ts";
import { forgetHistory } from "./rows/setup-steps.ts";
import type { Repositories } from "./repositories.ts";
import { Unusable, type Task, type TaskFile } from "./task.ts";
import { filesOfTestPatch } from "./test-files.ts";

export interface TaskOfRowOptions extends RowOptions {
  /** Says everything that rows do not: profile, tools, budget, resources; its setup comes after that of the row. */
  readonly template: Partial<EnvironmentInput>;
  readonly repositories: Pick<Repositories, "at">;
}

/** Where hidden files lie, beside the environment's file. */
export const HIDDEN_FOLDER = "hidden";
const SOLUTION_FILE = "solution.patch";

const pytestId = /^([^:\s][^:]*\.py)::./;

/** @throws Unusable saying why no task can be made of the row; BerthError when the repository cannot be read */
export async function taskOfRow(row: Row, options: TaskOfRowOptions): Promise<Task> {
  const format = formatOf(row);
  if (!format) throw new Unusable("its fields are those of no format that is known");
  const task = format.read(row, options);
  const files = testFilesOf([...task.failToPass, ...task.passToPass]);
  const hidden = await hiddenFiles(task, options);
  const { template } = options;
  return {
    environment: {
      ...template,
      name: task.id,
      image: task.image,
      workdir: task.workdir,
      setup: [...task.setup, forgetHistory, ...(template.setup ?? [])],
      env: { ...task.env, ...template.env },
      graders: [
        {
          type: "tests",
          command: `${task.command} ${files.map(quoted).join(" ")}`,
          framework: "pytest",
          ...(hidden.length === 0 ? {} : { files: HIDDEN_FOLDER }),
          fail_to_pass: [...task.failToPass],
          pass_to_pass: [...task.passToPass],
        },
      ],
    },
    hidden,
    solution:
      task.solution === undefined
        ? []
        : [{ path: SOLUTION_FILE, content: Buffer.from(task.solution, "utf8"), executable: false }],
    prompt: task.prompt,
  };
}

/** The files that the ids name. @throws Unusable when one is not as pytest writes it, or was cut off */
function testFilesOf(ids: readonly string[]): string[] {
  const odd = ids.filter((id) => !pytestId.test(id));
  if (odd.length > 0)
    throw new Unusable(
      `${odd.length} of its ${ids.length} test ids are not pytest's, such as ${JSON.stringify(odd[0]?.slice(0, 80))}`,
    );
  const cut = ids.find((id) => id.includes("[") && !id.endsWith("]"));
  if (cut !== undefined) throw new Unusable(`the test id ${JSON.stringify(cut.slice(0, 80))} was cut off`);
  return [...new Set(ids.map((id) => pytestId.exec(id)?.[1] ?? ""))].toSorted();
}

async function hiddenFiles(task: RowTask, { repositories }: TaskOfRowOptions): Promise<TaskFile[]> {
  const whole = task.files.map(({ path, content }) => ({
    path,
    content: Buffer.from(content, "utf8"),
    executable: false,
  }));
  if (task.testPatch === undefined) return whole;
  const { repo, commit } = task;
  if (repo === undefined || commit === undefined) throw new Unusable("repo and base_commit are missing");
  try {
    return [...whole, ...(await filesOfTestPatch(task.testPatch, repositories.at(repo, commit)))];
  } catch (error) {
    // Other rows may name another repository.
    if (error instanceof BerthError && error.causedBy === "task") throw new Unusable(error.message, { cause: error });
    throw error;
  }
}

const quoted = (path: string): string =>
  /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
