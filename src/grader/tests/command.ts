/** Replaces `{report}` by the flags, or appends them; a package manager's script gets them after `--`. */
export function withFlags(command: string, flags: string): string {
  if (command.includes("{report}")) return command.replaceAll("{report}", flags);
  const last =
    command
      .split(/&&|\|\||;|\n/)
      .at(-1)
      ?.trim() ?? "";
  const dashes = /^(?:\w+=\S*\s+)*npm\s/.test(last) && !/\s--\s/.test(last) ? " --" : "";
  return `${command.trimEnd()}${dashes} ${flags}`;
}

/** Removes `{report}` where a framework is told by its environment, or has nothing to be told. */
export const withoutPlaceholder = (command: string): string => command.replaceAll(/\s*\{report\}/g, "");

/** Whether something may run after the tests only if they passed, so that a test that must fail would change what runs. */
export function dependsOnSuccess(command: string, runner: RegExp): boolean {
  const after = command.slice(command.search(runner));
  return /&&|\|\|/.test(after) || /\bset\s+-\w*e|\bset\s+-o\s+errexit|\bsh\s+-\w*e|\bmake\b/.test(command);
}
