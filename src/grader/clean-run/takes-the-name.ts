import type { PathRule } from "../change-set/filter.ts";
import type { HiddenFile } from "../grader.ts";

/** `tests/helper.so` and `tests/helper/__init__.py` are found before `tests/helper.py`. */
export function takesTheNameOf(hiddenFiles: readonly HiddenFile[]): PathRule {
  const names = new Set<string>();
  const above = new Set<string>();
  for (const { path } of hiddenFiles) {
    names.add(path).add(withoutEnding(path));
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) above.add(path.slice(0, end));
  }
  return (path) => {
    let taken = above.has(path) || names.has(path);
    for (let end = path.indexOf("/"); end > 0; end = path.indexOf("/", end + 1))
      taken ||= names.has(path.slice(0, end));
    for (let rest = path; !taken && rest !== withoutEnding(rest); rest = withoutEnding(rest))
      taken = names.has(withoutEnding(rest));
    return taken ? "it takes the place of a hidden file" : undefined;
  };
}

const withoutEnding = (path: string): string => path.replace(/(?<=[^/])\.[^./]*$/, "");
