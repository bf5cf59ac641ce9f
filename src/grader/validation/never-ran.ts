/** How a shell, a wrapper or a runner says that what it was told to run is not there. Anchored: a test's own output may speak of anything. */
const notThere: readonly RegExp[] = [
  /^\S{0,100}sh: (?:line )?(?:\d{1,6}: )?[^:\n]{1,200}: (?:command )?not found$/m,
  /^\S{0,100}sh: (?:line )?(?:\d{1,6}: )?cd: /m,
  /^(?:timeout|env|nice|nohup|stdbuf): [^\n]{0,300}No such file or directory$/m,
  /^\S{0,100}python[\d.]{0,5}: No module named \w/m,
  /^npm (?:ERR!|error) (?:Missing script|code ENOENT)/m,
  /^g?make(?:\[\d+\])?: \*\*\* No rule to make target/m,
  /^=* ?no tests ran in /m,
];

/** pytest: wrong usage, and nothing collected. */
const pytestChecksNothing: ReadonlySet<number> = new Set([4, 5]);

/** Whether what a line said shows that a command of it was not started, or checked nothing. */
export const saysNeverRan = (said: string): boolean => notThere.some((pattern) => pattern.test(said));

/** The same of the code that a command ended with. */
export const codeOfNeverRan = (code: number, [name = ""]: readonly string[]): boolean =>
  code === 126 || code === 127 || (/^py\.?test$/.test(name) && pytestChecksNothing.has(code));
