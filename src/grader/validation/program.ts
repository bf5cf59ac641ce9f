/** Programs that run another one, with how many plain words of their own come before it. */
const wrappers: readonly { readonly words: readonly string[]; readonly own: number; readonly withValue?: RegExp }[] = [
  { words: ["timeout"], own: 1, withValue: /^-[ks]$/ },
  { words: ["nice"], own: 0, withValue: /^-n$/ },
  { words: ["nohup"], own: 0 },
  { words: ["stdbuf"], own: 0, withValue: /^-[ioe]$/ },
  { words: ["command"], own: 0 },
  { words: ["xvfb-run"], own: 0 },
  { words: ["npx"], own: 0 },
  { words: ["bunx"], own: 0 },
  { words: ["uvx"], own: 0 },
  { words: ["uv", "run"], own: 0 },
  { words: ["poetry", "run"], own: 0 },
  { words: ["pipenv", "run"], own: 0 },
  { words: ["pdm", "run"], own: 0 },
  { words: ["hatch", "run"], own: 0 },
  { words: ["bundle", "exec"], own: 0 },
  { words: ["pnpm", "exec"], own: 0 },
  { words: ["yarn", "exec"], own: 0 },
  { words: ["npm", "exec"], own: 0 },
];

/** Wrappers within wrappers. */
const deepest = 5;

/** Folders in which a program is what its name says; elsewhere it is a file of the workspace. */
const programFolder =
  /^(?:\.\/)?(?:.*\/)?(?:node_modules\/\.bin|\.?venv\/bin)\/[^/]+$|^\/(?:usr\/(?:local\/)?)?bin\/[^/]+$/;

const assignment = /^[A-Za-z_][A-Za-z0-9_]*=/;

/**
 * The program that the words of a command run, and its arguments: without assignments, without programs that only run
 * it, `python -m x` as `x` where x is no part of Python. Undefined when that is not what its name says.
 */
export function programOf(words: readonly string[]): readonly string[] | undefined {
  let rest = words;
  for (let depth = 0; depth < deepest; depth += 1) {
    rest = withoutAssignments(rest) ?? [];
    const [first, ...others] = rest;
    if (first === undefined) return undefined;
    const name = nameOf(first);
    rest = [name, ...others];
    const wrapper = wrappers.find(({ words: own }) => own.every((word, at) => word === rest[at]));
    if (wrapper) rest = behindOptions(rest.slice(wrapper.words.length), wrapper);
    else if (/^python(?:\d(?:\.\d+)?)?$/.test(name)) return pythonModule(others);
    else return rest;
  }
  return undefined;
}

function withoutAssignments(words: readonly string[]): readonly string[] | undefined {
  let at = words[0] === "env" ? 1 : 0;
  for (; assignment.test(words[at] ?? ""); at += 1) if (words[at]?.startsWith("PATH=")) return undefined;
  return words.slice(at);
}

/** A program outside those folders keeps its path, by which a task may name it. */
function nameOf(word: string): string {
  if (/^\.\/(?:gradlew|mvnw)$/.test(word)) return word.slice(2).replace("mvnw", "mvn");
  return programFolder.test(word) ? word.slice(word.lastIndexOf("/") + 1) : word;
}

function behindOptions(words: readonly string[], { own, withValue }: (typeof wrappers)[number]): readonly string[] {
  let at = 0;
  while (words[at]?.startsWith("-")) at += withValue?.test(words[at] ?? "") ? 2 : 1;
  return words.slice(at + own);
}

function pythonModule(args: readonly string[]): readonly string[] | undefined {
  const at = args.indexOf("-m");
  if (at < 0 || args.slice(0, at).some((word) => !word.startsWith("-"))) return undefined;
  const [module, ...rest] = args.slice(at + 1);
  if (module === undefined) return undefined;
  return module === "unittest" ? ["python", "-m", "unittest", ...rest] : [module, ...rest];
}
