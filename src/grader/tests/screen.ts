import type { ChangeSet } from "../../model/change-set.ts";
import type { TestsGraderSpec } from "../../model/graders/tests.ts";
import { filterChangeSet, matcher, type PathRule } from "../change-set/filter.ts";
import { withoutRunnerSettings } from "../clean-run/runner-settings.ts";
import { takesTheNameOf } from "../clean-run/takes-the-name.ts";
import type { HiddenFile } from "../grader.ts";
import type { Framework } from "./framework.ts";
import { isRunnerConfig, protectedPaths } from "../clean-run/protected-paths.ts";
import { commandFiles } from "../clean-run/runner-files.ts";
import { shadowingModules } from "./shadowing.ts";

export interface ScreenRequest {
  readonly changeSet: ChangeSet;
  readonly spec: TestsGraderSpec;
  readonly framework: Framework;
  readonly hiddenFiles: readonly HiddenFile[];
  /** The snapshot's content of a path, in a clean sandbox; undefined when there is no such file. */
  readonly readBase: (path: string) => Promise<string | undefined>;
  /** Whether the snapshot has anything at a path. */
  readonly inBase: (path: string) => Promise<boolean>;
}

export interface Screened {
  readonly changeSet: ChangeSet;
  readonly flags: ReadonlySet<string>;
}

/**
 * What of a change set crosses into the grading sandbox: never the files of tests that decide, nor what would be taken
 * for one of them; not the runner's configuration, unless `allow` names the very path; otherwise what `allow` matches.
 */
export async function screenChangeSet(request: ScreenRequest): Promise<Screened> {
  const { changeSet, spec, framework, hiddenFiles } = request;
  const flags = new Set<string>();
  const literal = new Set(spec.allow);
  const unlessNamed =
    (rule: PathRule): PathRule =>
    (path) =>
      literal.has(path) ? undefined : rule(path);
  const deciding = new Set([...hiddenFiles.map(({ path }) => path), ...requiredFiles(spec, framework)]);
  const existing = await existingTests(request, deciding);
  const shadows = await shadowingModules(request, deciding);
  const isTest = matcher(framework.testFiles);
  const isProtected = matcher(protectedPaths);
  const takesHidden = takesTheNameOf(hiddenFiles);
  const started = commandFiles(spec.command);

  const rules: PathRule[] = [
    (path) => {
      if (!deciding.has(path)) return takesHidden(path);
      flags.add("touched_tests");
      return "a test that decides the verdict";
    },
    unlessNamed((path) => {
      if (!isProtected(path) && !started.has(path)) return undefined;
      if (isRunnerConfig(framework.name, path)) flags.add("touched_runner_config");
      return "it steers the test run";
    }),
    unlessNamed((path) => {
      if (!isTest(path)) return undefined;
      if (existing.has(path)) flags.add("touched_tests");
      return "a test file";
    }),
    unlessNamed((path) => {
      if (!shadows.has(path)) return undefined;
      flags.add("shadowed_module");
      return "it would be imported in the place of a library";
    }),
  ];
  const filtered = filterChangeSet(changeSet, spec.allow, rules);
  return { changeSet: await withoutRunnerSettings(filtered, { readBase: request.readBase, literal, flags }), flags };
}

const requiredFiles = (spec: TestsGraderSpec, framework: Framework): string[] =>
  [...spec.fail_to_pass, ...spec.pass_to_pass].map((id) => framework.fileOf(id)).filter((path) => path !== undefined);

/** Test files of the snapshot that the policy changed; new ones are nobody's concern. */
async function existingTests(
  { changeSet, framework, inBase }: ScreenRequest,
  deciding: ReadonlySet<string>,
): Promise<Set<string>> {
  const isTest = matcher(framework.testFiles);
  const existing = new Set(changeSet.deleted.filter((path) => isTest(path)));
  const written = changeSet.written.map(({ path }) => path).filter((path) => isTest(path) && !deciding.has(path));
  for (const path of written.slice(0, 500)) if (await inBase(path)) existing.add(path);
  return existing;
}
