import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { systemIds } from "../../src/core/ids.ts";
import { gradeRollout } from "../../src/grader/grade-rollout.ts";
import type { GradingContext, HiddenFile } from "../../src/grader/grader.ts";
import type { JudgeModel } from "../../src/grader/judge/judge-model.ts";
import { createGraders } from "../../src/grader/registry.ts";
import type { ChangeSet } from "../../src/model/change-set.ts";
import { environment } from "../../src/model/environment.ts";
import { graderSpec } from "../../src/model/grader.ts";
import type { Verdict } from "../../src/model/verdict.ts";
import { FolderGuest } from "./folder-guest.ts";
import { changesOf } from "./graded-task.ts";

export interface GradedFolder {
  /** Path → text. */
  readonly base: Readonly<Record<string, string>>;
  readonly hidden?: Readonly<Record<string, string>>;
  readonly changes?: ChangeSet;
  readonly answer?: string;
  readonly judge?: JudgeModel;
  /** Linked into the workspace. */
  readonly nodeModules?: string;
  readonly seconds?: number;
}

/** Grades by one grader in folders of this machine, without any isolation: only for what is ours. */
export async function gradeInFolder(spec: object, task: GradedFolder): Promise<Verdict> {
  const parsed = graderSpec.parse(spec);
  const hidden: HiddenFile[] = Object.entries(task.hidden ?? {}).map(([path, text]) => ({
    path,
    content: Buffer.from(text),
    executable: false,
  }));
  const context: GradingContext = {
    environment: environment.parse({
      name: "task",
      graders: [],
      budget: { grading_seconds: task.seconds ?? 60 },
    }),
    changeSet: task.changes ?? changesOf({}),
    answer: task.answer,
    trajectory: async () => [],
    hiddenFiles: async () => hidden,
    openSandbox: async () => {
      const workdir = await mkdtemp(join(tmpdir(), "berth-graded-"));
      for (const [path, text] of Object.entries(task.base)) {
        await mkdir(dirname(join(workdir, path)), { recursive: true });
        await writeFile(join(workdir, path), text);
      }
      if (task.nodeModules !== undefined) await symlink(task.nodeModules, join(workdir, "node_modules"));
      return {
        guest: new FolderGuest(workdir),
        workdir,
        env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "/root" },
        [Symbol.asyncDispose]: () => rm(workdir, { recursive: true, force: true }),
      };
    },
    signal: new AbortController().signal,
    onProgress: () => {},
  };
  return await gradeRollout(context, [parsed], { graders: createGraders(systemIds, task.judge) });
}
