/** With these a check tells something and checks nothing. */
const idle = new Set([
  ...["--version", "-V", "--help", "-h", "--collect-only", "--co", "--listTests", "--list-tests", "--list", "-list"],
  ...["--dry-run", "--fixtures", "--markers", "--setup-plan", "--setup-only", "--print-config", "--showConfig"],
  ...["--init", "--env-info", "--no-run", "--just-print", "--recon", "--question", "--show-files", "--show-settings"],
]);

/** The same where a letter means something else to other programs. */
const idleOf: Readonly<Record<string, ReadonlySet<string>>> = {
  make: new Set(["-n", "-q"]),
  ctest: new Set(["-N"]),
  tox: new Set(["-l", "-a"]),
  nox: new Set(["-l"]),
  go: new Set(["-n", "-c"]),
};

/** Whether a program with its arguments does what one of the patterns names: the words in their order, options wherever they stand. */
export function matchesCheck(program: readonly string[], patterns: readonly string[]): boolean {
  const [name = "", ...args] = program;
  if (args.some((arg) => idle.has(arg.split("=", 1)[0] ?? "") || idleOf[name]?.has(arg))) return false;
  if (
    name === "go" &&
    args.some(
      (arg, at) =>
        /^--?run(?:=\^\$|=?XXX)$/.test(arg) || (/^--?run$/.test(arg) && /^(?:\^\$|XXX)$/.test(args[at + 1] ?? "")),
    )
  )
    return false;
  const plain = args.filter((arg) => !arg.startsWith("-"));
  return patterns.some((pattern) => {
    const [wantedName = "", ...wanted] = pattern.split(" ");
    if (!fits(name, wantedName)) return false;
    const options = wanted.filter((word) => word.startsWith("-"));
    const words = wanted.filter((word) => !word.startsWith("-"));
    return options.every((option) => args.includes(option)) && words.every((word, at) => fits(plain[at] ?? "", word));
  });
}

const fits = (word: string, pattern: string): boolean =>
  pattern.endsWith("*") ? word.startsWith(pattern.slice(0, -1)) : word === pattern;
