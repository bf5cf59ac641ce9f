import type { ChangeSet } from "../../model/change-set.ts";
import { filterChangeSet, matcher, type PathRule } from "../change-set/filter.ts";
import type { HiddenFile } from "../grader.ts";
import { protectedPaths } from "./protected-paths.ts";
import { commandFiles } from "./runner-files.ts";
import { withoutRunnerSettings } from "./runner-settings.ts";
import { takesTheNameOf } from "./takes-the-name.ts";

export interface RunScreenRequest {
  readonly changeSet: ChangeSet;
  /** Globs of what may cross; a path named letter by letter crosses whatever it is, unless it is hidden. */
  readonly allow: readonly string[];
  /** What is run, for the scripts that it names. */
  readonly command: string;
  readonly hiddenFiles: readonly HiddenFile[];
  /** Globs of what steers this run besides what steers any, and the flag that tells of a policy that touched it. */
  readonly steering?: { readonly globs: readonly string[]; readonly flag: string };
  /** The snapshot's content of a path; undefined when there is no such file. */
  readonly readBase: (path: string) => Promise<string | undefined>;
}

/** What of a change set crosses into the clean sandbox of a command: nothing hidden, and nothing that steers what runs. */
export async function screenForRun(
  request: RunScreenRequest,
): Promise<{ readonly changeSet: ChangeSet; readonly flags: ReadonlySet<string> }> {
  const { changeSet, allow, command, hiddenFiles, steering } = request;
  const flags = new Set<string>();
  const literal = new Set(allow);
  const hidden = new Set(hiddenFiles.map(({ path }) => path));
  const takesHidden = takesTheNameOf(hiddenFiles);
  const steers = matcher(steering?.globs ?? []);
  const isProtected = matcher(protectedPaths);
  const started = commandFiles(command);
  const rules: PathRule[] = [
    (path) => {
      if (!hidden.has(path)) return takesHidden(path);
      flags.add("touched_hidden_files");
      return "a hidden file of the task";
    },
    (path) => {
      if (literal.has(path)) return undefined;
      if (steering !== undefined && steers(path)) flags.add(steering.flag);
      else if (!isProtected(path) && !started.has(path)) return undefined;
      return "it steers what is run";
    },
  ];
  const filtered = filterChangeSet(changeSet, allow, rules);
  return { changeSet: await withoutRunnerSettings(filtered, { readBase: request.readBase, literal, flags }), flags };
}
