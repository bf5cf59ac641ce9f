/** Keys of package.json that are the product's own; the others (scripts, a runner's settings) stay as the task has them. */
const productKeys = new Set([
  ..."name version description keywords license type main module browser types typings exports imports bin files".split(
    " ",
  ),
  ..."dependencies devDependencies peerDependencies peerDependenciesMeta optionalDependencies sideEffects engines".split(
    " ",
  ),
]);

/**
 * A package.json with what the policy did to the product's keys and everything else from the snapshot. Undefined when
 * one of the two is no JSON object.
 */
export function mergePackageJson(base: string, changed: string): string | undefined {
  const before = parseObject(base);
  const after = parseObject(changed);
  if (before === undefined || after === undefined) return undefined;
  const kept = Object.entries(before).filter(([key]) => !productKeys.has(key));
  const crossing = Object.entries(after).filter(([key]) => productKeys.has(key));
  return `${JSON.stringify(Object.fromEntries([...crossing, ...kept]), null, 2)}\n`;
}

/** Whether two go.mod differ only in what they require: `replace` and `tool` put other code in a library's place. */
export function sameGoModRules(base: string, changed: string): boolean {
  const rules = (text: string): string =>
    text
      .replaceAll(/\/\/[^\n]*/g, "")
      .replaceAll(/^require\s*\([^)]*\)/gm, "")
      .split("\n")
      .map((line) => line.trim().replaceAll(/\s+/g, " "))
      .filter((line) => line !== "" && !line.startsWith("require "))
      .join("\n");
  return rules(base) === rules(changed);
}

/** Scripts that the command starts: the words of it that are paths of shell scripts, and the files of `make` and its kin. */
export function commandFiles(command: string): ReadonlySet<string> {
  const words = command.split(/[\s;&|()<>"'`=]+/).map((word) => word.replace(/^\.\//, ""));
  const files = words.filter((word) => /^[\w.@+/-]+\.(?:sh|bash|zsh)$/.test(word));
  for (const match of command.matchAll(/(?:^|[;&|(\s])\.\/([\w.@+/-]+)/g))
    if (match[1] !== undefined && !match[1].startsWith("node_modules/")) files.push(match[1]);
  if (words.includes("make")) files.push("Makefile", "makefile", "GNUmakefile");
  if (words.includes("just")) files.push("justfile", "Justfile", ".justfile");
  if (words.includes("task")) files.push("Taskfile.yml", "Taskfile.yaml");
  return new Set(files);
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
