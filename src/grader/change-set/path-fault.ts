/** Longest path of a change set, in characters; Linux takes no path above 4,096 bytes. */
const longestPath = 1024;
const longestName = 255;
// oxlint-disable-next-line no-control-regex
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/**
 * Why a path that a hostile sandbox named may not enter a change set; undefined when it may. Only plain relative paths in
 * their shortest spelling pass, so that a rule that looks at the text of a path sees what the kernel sees.
 */
export function pathFault(path: string): string | undefined {
  if (path === "") return "the path is empty";
  if (path.length > longestPath) return `the path is longer than ${longestPath} characters`;
  if (path.startsWith("/")) return "the path is absolute";
  if (control.test(path)) return "the path has control characters";
  if (path.includes("\\")) return "the path has a backslash";
  if (!path.isWellFormed() || path.includes("\ufffd")) return "the path is not UTF-8";
  for (const name of path.split("/")) {
    if (name === "") return "the path has an empty component";
    if (name === "." || name === "..") return `the path has a component ${name}`;
    if (Buffer.byteLength(name) > longestName) return `a component is longer than ${longestName} bytes`;
    if (isGitName(name)) return "git's own files do not cross";
  }
  return undefined;
}

/** `.git` in any case, with characters in it or behind it that some file systems drop, and its short name on others. */
function isGitName(name: string): boolean {
  const kept = name.normalize("NFKC").replaceAll(/\p{Default_Ignorable_Code_Point}/gu, "");
  return /^(?:\.git|git~\d+)[. ]*$/i.test(kept);
}
