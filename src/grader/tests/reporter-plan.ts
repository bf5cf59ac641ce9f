import { matcher } from "../change-set/filter.ts";
import type { FailingAssertion } from "./assertion-canaries.ts";
import type { RunPlan, RunRequest } from "./framework.ts";
import type { reporterLinesSource } from "./reporter-lines-source.ts";
import { scriptCanaries, type CanaryTests } from "./script-canaries.ts";
import { fileOfScriptId } from "./script-id.ts";

export interface ReporterOfOurs {
  /** The reporter's file name in the run's folder. */
  readonly fileName: string;
  readonly source: (settings: Parameters<typeof reporterLinesSource>[0]) => string;
  readonly testFiles: readonly string[];
  readonly canaryTests: CanaryTests;
  /** Assertions that test files may call, with canaries for each. */
  readonly assertions: ReadonlyMap<string, readonly FailingAssertion[]>;
  /** How the runner is told of the reporter, whose absolute path this gets. */
  readonly use: (reporter: string) => Pick<RunPlan, "command" | "env">;
}

/** A JavaScript runner with a reporter of ours, which writes its report beside itself. */
export async function reporterPlan(request: RunRequest, ours: ReporterOfOurs): Promise<RunPlan> {
  const { workdir, folder } = request;
  const report = `${folder}/report`;
  const reporter = `${folder}/${ours.fileName}`;
  const { files, canaries } = await scriptCanaries(request, matcher(ours.testFiles), fileOfScriptId, ours.canaryTests, {
    known: ours.assertions,
  });
  const names = canaries.map(({ name }) => name);
  const content = ours.source({ report: `${workdir}/${report}`, workdir, canaries: names });
  return {
    ...ours.use(`${workdir}/${reporter}`),
    files: [...files, { path: reporter, content }],
    report: { from: "file", path: report },
    canaries,
    exitCodeHolds: true,
  };
}
