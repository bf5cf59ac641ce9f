import type { ChangeSet } from "../../model/change-set.ts";
import type { Framework } from "./framework.ts";
import { pythonModules } from "./python-modules.ts";

interface ShadowRequest {
  readonly changeSet: ChangeSet;
  readonly framework: Framework;
  /** Whether the snapshot has anything at a path. */
  readonly inBase: (path: string) => Promise<boolean>;
}

/** New files at a root of Python's import path that have the name of a module that the test run imports. */
export async function shadowingModules(
  { changeSet, framework, inBase }: ShadowRequest,
  deciding: ReadonlySet<string>,
): Promise<Set<string>> {
  const shadows = new Set<string>();
  if (framework.name !== "pytest") return shadows;
  const roots = new Set(["", "src/", "lib/", ...[...deciding].map((path) => path.slice(0, path.lastIndexOf("/") + 1))]);
  for (const { path } of changeSet.written) {
    for (const root of roots) {
      if (!path.startsWith(root)) continue;
      const first = path.slice(root.length).split("/")[0] ?? "";
      const module = first.replace(/\..*$/, "");
      if (!pythonModules.has(module) || (first !== path.slice(root.length) ? false : !/\.(?:pyw?|so|pyd)$/.test(first)))
        continue;
      if (!(await inBase(root + first)) && !(await inBase(`${root}${module}.py`))) shadows.add(path);
    }
  }
  return shadows;
}
