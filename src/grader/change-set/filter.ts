import picomatch from "picomatch";
import type { ChangeSet } from "../../model/change-set.ts";

/** Why a changed path stays behind; undefined when it crosses. */
export type PathRule = (path: string) => string | undefined;

/** The changes that every rule lets pass; what does not is added to `refused` with the rule's reason. */
export function filterChangeSet(
  changeSet: ChangeSet,
  allow: readonly string[],
  rules: readonly PathRule[] = [],
): ChangeSet {
  const allowed = matcher(allow);
  const refused = [...changeSet.refused];
  const crosses = (path: string): boolean => {
    let reason: string | undefined;
    for (const rule of rules) reason ??= rule(path);
    if (!allowed(path)) reason ??= "outside the paths that the grader allows";
    if (reason !== undefined) refused.push({ path, reason });
    return reason === undefined;
  };
  return {
    snapshot: changeSet.snapshot,
    written: changeSet.written.filter(({ path }) => crosses(path)),
    deleted: changeSet.deleted.filter(crosses),
    refused,
  };
}

/** Globs as environments write them: `**` crosses folders, a leading dot is a character like any other. */
export function matcher(globs: readonly string[]): (path: string) => boolean {
  const tests = globs.map((glob) => picomatch(glob, { dot: true, nonegate: true }));
  return (path) => tests.some((matches) => matches(path));
}
