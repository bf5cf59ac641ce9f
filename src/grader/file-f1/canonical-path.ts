import { posix } from "node:path";

/** `:12`, `:12:5`, `:12-20`, `#L12`, `#L12-L20` */
const place = /(?::\d+(?:[:-]\d+)*|#L\d+(?:-L?\d+)?)$/;

/** The longest that `place` is looked for in, in characters: an answer may be a megabyte of digits. */
const placeCharacters = 40;

/** A path without the line that it points at. */
export function withoutPlace(path: string): string {
  const tail = path.slice(-placeCharacters);
  return path.slice(0, path.length - tail.length) + tail.replace(place, "");
}

/** What a path of an answer is relative to. */
export interface PathFrame {
  readonly workdir: string;
  /** Folders at the root of the workspace by these names are folders, not what a diff puts before its paths. */
  readonly rootFolders: ReadonlySet<string>;
}

/** The first folders of paths. */
export const rootFoldersOf = (paths: readonly string[]): ReadonlySet<string> =>
  new Set(paths.filter((path) => path.includes("/")).map((path) => path.slice(0, path.indexOf("/"))));

/**
 * One spelling for each file: relative to the workspace, with `/`, without `.` and `..` inside, the `a/` and `b/` of diffs
 * and the line that an answer points at. Undefined for what names no file: the workspace itself, or nothing.
 */
export function canonicalPath(text: string, { workdir, rootFolders }: PathFrame): string | undefined {
  let path = withoutPlace(
    text
      .trim()
      .replace(/^file:\/\//, "")
      .replaceAll("\\", "/"),
  );
  if (path === "") return undefined;
  path = posix.normalize(path);
  if (path === workdir || path.startsWith(`${workdir}/`)) path = path.slice(workdir.length + 1);
  if (/^[ab]\//.test(path) && !rootFolders.has(path.slice(0, 1))) path = path.slice(2);
  return path === "" || path === "." || path === "/" ? undefined : path.replace(/\/$/, "");
}
