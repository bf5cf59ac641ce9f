import { existsSync } from "node:fs";
import { mkdtemp, readFile, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { gradeRollout } from "../../src/grader/grade-rollout.ts";
import type { GradingContext, HiddenFile } from "../../src/grader/grader.ts";
import type { ChangeSet } from "../../src/model/change-set.ts";
import { environment } from "../../src/model/environment.ts";
import { testsGraderSpec } from "../../src/model/graders/tests.ts";
import type { Verdict } from "../../src/model/verdict.ts";
import { FolderGuest } from "./folder-guest.ts";

/** A tiny project of test/fixtures/tasks: `base`, a `solution` to lay over it, `hidden` tests, and the grader's spec. */
export class FixtureTask {
  readonly #root: string;
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
    this.#root = new URL(`../fixtures/tasks/${name}`, import.meta.url).pathname;
  }

  get base(): string {
    return join(this.#root, "base");
  }

  hidden(): Promise<HiddenFile[]> {
    return filesOf(this.hiddenFolder);
  }

  get hiddenFolder(): string {
    return join(this.#root, "hidden");
  }

  solutionFiles(): Promise<HiddenFile[]> {
    return filesOf(join(this.#root, "solution"));
  }

  /** A different correct solution; none where the task has no such folder. */
  async alternativeFiles(): Promise<HiddenFile[]> {
    const folder = join(this.#root, "alternative");
    return existsSync(folder) ? await filesOf(folder) : [];
  }

  async solution(): Promise<ChangeSet> {
    const files = await this.solutionFiles();
    return changesOf(
      Object.fromEntries(files.map(({ path, content }) => [path, Buffer.from(content).toString("utf8")])),
    );
  }

  async spec(changes: Readonly<Record<string, unknown>> = {}) {
    const text = await readFile(join(this.#root, "task.json"), "utf8");
    return testsGraderSpec.parse({ type: "tests", files: "hidden", ...(JSON.parse(text) as object), ...changes });
  }

  /** Grades a change set in folders of this machine. */
  async grade(
    changeSet: ChangeSet,
    how: { spec?: Readonly<Record<string, unknown>>; env?: Record<string, string>; nodeModules?: string } = {},
  ): Promise<Verdict> {
    const spec = await this.spec(how.spec);
    const context: GradingContext = {
      environment: environment.parse({ name: this.#name, graders: [spec], budget: { grading_seconds: 60 } }),
      changeSet,
      answer: undefined,
      trajectory: async () => [],
      hiddenFiles: () => this.hidden(),
      openSandbox: async () => {
        const workdir = await mkdtemp(join(tmpdir(), "berth-task-"));
        const guest = await FolderGuest.of(workdir, this.base);
        if (how.nodeModules !== undefined) await symlink(how.nodeModules, join(workdir, "node_modules"));
        return {
          guest,
          workdir,
          env: how.env ?? {},
          [Symbol.asyncDispose]: () => rm(workdir, { recursive: true, force: true }),
        };
      },
      signal: new AbortController().signal,
      onProgress: () => {},
    };
    return await gradeRollout(context, [spec]);
  }
}

/** A change set that writes these texts. */
export function changesOf(written: Readonly<Record<string, string>>, deleted: string[] = []): ChangeSet {
  return {
    snapshot: "0".repeat(64),
    written: Object.entries(written).map(([path, text]) => ({
      path,
      executable: false,
      content: Buffer.from(text).toString("base64"),
    })),
    deleted,
    refused: [],
  };
}

async function filesOf(root: string): Promise<HiddenFile[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return await Promise.all(
    files.map(async (path) => ({ path: relative(root, path), content: await readFile(path), executable: false })),
  );
}
