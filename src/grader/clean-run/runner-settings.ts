import type { ChangeSet } from "../../model/change-set.ts";
import { mergePackageJson, sameGoModRules } from "./runner-files.ts";

interface SettingsRequest {
  /** The snapshot's content of a path; undefined when there is no such file. */
  readonly readBase: (path: string) => Promise<string | undefined>;
  /** Paths that the task lets cross whole. */
  readonly literal: ReadonlySet<string>;
  /** Gets `touched_runner_config` where settings stayed behind. */
  readonly flags: Set<string>;
}

/** A change set whose package.json and go.mod bring what belongs to the product, and no setting of what runs. */
export async function withoutRunnerSettings(
  changeSet: ChangeSet,
  { readBase, literal, flags }: SettingsRequest,
): Promise<ChangeSet> {
  const refused = [...changeSet.refused];
  const written: ChangeSet["written"] = [];
  for (const file of changeSet.written) {
    const name = file.path.slice(file.path.lastIndexOf("/") + 1);
    const base =
      literal.has(file.path) || (name !== "package.json" && name !== "go.mod") ? undefined : await readBase(file.path);
    if (base === undefined) {
      written.push(file);
      continue;
    }
    const text = Buffer.from(file.content, "base64").toString("utf8");
    if (name === "go.mod") {
      if (sameGoModRules(base, text)) written.push(file);
      else {
        refused.push({ path: file.path, reason: "it changes more of go.mod than what it requires" });
        flags.add("touched_runner_config");
      }
    } else {
      const merged = mergePackageJson(base, text);
      if (merged === undefined) refused.push({ path: file.path, reason: "it is no package.json" });
      else written.push({ ...file, content: Buffer.from(merged).toString("base64") });
      if (merged === undefined || changesSettings(merged, text)) flags.add("touched_runner_config");
    }
  }
  return { ...changeSet, written, refused };
}

/** Whether the policy's own text had settings that the merge did not take. */
function changesSettings(merged: string, text: string): boolean {
  const sorted = (json: string): string =>
    JSON.stringify(Object.entries(JSON.parse(json) as object).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return sorted(merged) !== sorted(text);
}
