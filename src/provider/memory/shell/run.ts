import { GuestFault } from "../tree/fault.ts";
import { builtins } from "./builtins.ts";
import { expandWord, expandWords } from "./expand.ts";
import { BrokenPipe, Pipe } from "./io.ts";
import { parse } from "./parse.ts";
import { redirected } from "./redirect.ts";
import { say, ShellExit, subshell, untilExit, type Shell } from "./shell.ts";
import { SyntaxFault, type AndOr, type Command, type List, type Pipeline } from "./syntax.ts";

/** Interprets a script. 2 when it holds what is not interpreted, with the reason on stderr. */
export async function runScript(shell: Shell, script: string): Promise<number> {
  let list: List;
  try {
    list = parse(script);
  } catch (thrown) {
    if (!(thrown instanceof SyntaxFault)) throw thrown;
    await say(shell.stderr, `sh: syntax error: ${thrown.message}\n`);
    return 2;
  }
  return await untilExit(() => runList(shell, list));
}

/** Runs a program by its name or path. 127 when there is none, 126 when it cannot be run. */
export async function runProgram(shell: Shell, name: string, args: readonly string[]): Promise<number> {
  const known = shell.programs.get(name.replace(/^(?:\/usr)?\/(?:local\/)?s?bin\//, ""));
  if (known && (!name.includes("/") || name.startsWith("/"))) return await known(shell, args);
  if (!name.includes("/")) return await complain(shell, `${name}: not found`, 127);
  const { node } = shell.tree.lookup(name, { from: shell.cwd });
  if (node === undefined) return await complain(shell, `${name}: not found`, 127);
  if (node.type !== "file" || (node.mode & 0o111) === 0)
    return await complain(shell, `${name}: Permission denied`, 126);
  const script = node.bytes.toString("utf8");
  if (!/^#!.*sh\b/.test(script)) return await complain(shell, `${name}: Exec format error`, 126);
  return await runScript(subshell(shell, { parameters: [name, ...args] }), script);
}

async function runList(shell: Shell, list: List): Promise<number> {
  for (const { andOr, background } of list) {
    await shell.call.pause();
    if (background) {
      shell.call.background(untilExit(() => runAndOr(subshell(shell), andOr)));
      shell.lastStatus = 0;
    } else {
      shell.lastStatus = await runAndOr(shell, andOr);
    }
  }
  return shell.lastStatus;
}

async function runAndOr(shell: Shell, { first, rest }: AndOr): Promise<number> {
  shell.lastStatus = await runPipeline(shell, first);
  for (const { when, pipeline } of rest) {
    if ((shell.lastStatus === 0) === (when === "&&")) shell.lastStatus = await runPipeline(shell, pipeline);
  }
  return shell.lastStatus;
}

async function runPipeline(shell: Shell, { commands, negated }: Pipeline): Promise<number> {
  const status =
    commands.length === 1 && commands[0] ? await runCommand(shell, commands[0]) : await runPiped(shell, commands);
  return negated ? Number(status === 0) : status;
}

/** All at the same time; the last one's status counts. */
async function runPiped(shell: Shell, commands: readonly Command[]): Promise<number> {
  const pipes = commands.slice(1).map(() => new Pipe());
  const runs = commands.map(async (command, index) => {
    const before = pipes[index - 1];
    const after = pipes[index];
    try {
      const part = subshell(shell, { stdin: before ?? shell.stdin, stdout: after ?? shell.stdout });
      return await untilExit(() => runCommand(part, command));
    } finally {
      before?.abandon();
      after?.end();
    }
  });
  const ends = await Promise.allSettled(runs);
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return (await runs.at(-1)) ?? 0;
}

async function runCommand(shell: Shell, command: Command): Promise<number> {
  return await complaining(shell, async () => {
    const open = redirected(shell, command.redirects);
    try {
      return await complaining(open.shell, () => runOpened(shell, open.shell, command));
    } finally {
      open.close();
    }
  });
}

/** What a program cannot do with files is said on its stderr, with status 1. */
async function complaining(shell: Shell, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof BrokenPipe) return 141;
    if (thrown instanceof GuestFault) return await complain(shell, thrown.message, 1);
    throw thrown;
  }
}

async function runOpened(shell: Shell, inside: Shell, command: Command): Promise<number> {
  switch (command.kind) {
    case "group":
      if (command.subshell) return await untilExit(() => runList(subshell(inside), command.body));
      return await keepingCwd(shell, inside, () => runList(inside, command.body));
    case "while":
      return await keepingCwd(shell, inside, async () => {
        let status = 0;
        while ((await runList(inside, command.condition)) === 0) status = await runList(inside, command.body);
        return status;
      });
    case "simple":
      return await runSimple(shell, inside, command);
  }
}

async function runSimple(shell: Shell, inside: Shell, command: Command & { kind: "simple" }): Promise<number> {
  const [name, ...args] = expandWords(shell, command.words);
  const env = name === undefined ? shell.env : new Map(shell.env);
  for (const { name: variable, value } of command.assignments) env.set(variable, expandWord(shell, value));
  if (name === undefined) return 0;
  const builtin = builtins.get(name);
  if (builtin) return await keepingCwd(shell, inside, () => builtin(inside, args));
  if (name === "exec") throw new ShellExit(await runProgram({ ...inside, env }, args[0] ?? "true", args.slice(1)));
  return await runProgram({ ...inside, env }, name, args);
}

/** A redirected shell is a copy; where it went, the shell itself goes. */
async function keepingCwd(shell: Shell, inside: Shell, work: () => Promise<number>): Promise<number> {
  const status = await work();
  shell.cwd = inside.cwd;
  return status;
}

async function complain(shell: Shell, message: string, status: number): Promise<number> {
  await say(shell.stderr, `sh: ${message}\n`);
  return status;
}
