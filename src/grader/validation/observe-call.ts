import type { ValidationGraderSpec } from "../../model/graders/validation.ts";
import type { ToolOutput } from "../../model/tool-call.ts";
import type { TrajectoryRecord } from "../../model/trajectory.ts";
import { matchesCheck } from "./matches.ts";
import { codeOfNeverRan, saysNeverRan } from "./never-ran.ts";
import { programOf } from "./program.ts";
import { shellLine, type ShellCommand } from "./shell-line.ts";
import { maySeemToWrite, writesFiles } from "./writes.ts";

/** What one call of a trajectory was. */
export interface ObservedCall {
  readonly wrote: boolean;
  readonly tests: boolean;
  readonly lint: boolean;
  /** Whether the policy was given any output of a check. */
  readonly output: boolean;
}

const nothing: ObservedCall = { wrote: false, tests: false, lint: false, output: false };

/** `sh -c` within `sh -c`. */
const deepest = 3;

/** The longest command that is looked into, in characters: the tool takes none that is longer. */
const mostCharacters = 131_072;

/** What a call did as far as its arguments and its result tell. One that was refused or did not end did no check; it may have written. */
export function observeCall(
  record: TrajectoryRecord,
  spec: Pick<ValidationGraderSpec, "tests" | "lint">,
): ObservedCall {
  if (record.tool !== "shell") return { ...nothing, wrote: record.effect === "write" && took(record) };
  const text = commandOf(record.arguments);
  if (text === undefined || !took(record)) return nothing;
  const commands = commandsOf(text, 0);
  if (commands === undefined) return { ...nothing, wrote: maySeemToWrite(text) };
  const wrote = commands.some(writesFiles);
  if (record.result?.outcome?.type !== "exited") return { ...nothing, wrote };
  const { result } = record;
  const ran = commands.filter((_, at) => surelyRan(commands, at, result)).map(({ words }) => programOf(words) ?? []);
  const tests = ran.some((program) => matchesCheck(program, spec.tests));
  const lint = ran.some((program) => matchesCheck(program, spec.lint));
  const bytes = (result.stdout?.total_bytes ?? 0) + (result.stderr?.total_bytes ?? 0);
  return { wrote, tests, lint, output: (tests || lint) && bytes > 0 };
}

/** Whether a call may have had an effect: it was not refused. */
const took = ({ state, result }: TrajectoryRecord): boolean => state !== "done" || result?.error === undefined;

function commandOf(args: unknown): string | undefined {
  const given = typeof args === "string" ? parsed(args) : args;
  if (typeof given !== "object" || given === null || !("command" in given)) return undefined;
  const { command } = given;
  return typeof command === "string" && command.length <= mostCharacters ? command : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The commands of a line; those of `sh -c …` in its place where nothing else is in the line. */
function commandsOf(text: string, depth: number): ShellCommand[] | undefined {
  const commands = shellLine(text);
  const [only, ...others] = commands ?? [];
  const inner = only && others.length === 0 && /^(?:bash|sh)$/.test(only.words[0] ?? "") ? only.words : [];
  const at = inner.findIndex((word) => /^-[a-z]*c$/.test(word));
  const script = inner[at + 1];
  if (at < 0 || script === undefined) return commands;
  return depth < deepest ? commandsOf(script, depth + 1) : undefined;
}

/**
 * Whether a command of a line that ended ran to its end. Behind `||` it may not have; before it its result is thrown away;
 * with `&` nobody waits for it; behind `&&` the result of the line must say so.
 */
function surelyRan(commands: readonly ShellCommand[], at: number, { outcome, stdout, stderr }: ToolOutput): boolean {
  const code = outcome?.type === "exited" ? outcome.code : 127;
  const joint = commands[at]?.joint;
  if (joint === "||" || joint === "&") return false;
  const said = `${stdout?.head ?? ""}\n${stdout?.tail ?? ""}\n${stderr?.head ?? ""}\n${stderr?.tail ?? ""}`;
  if (saysNeverRan(said)) return false;
  for (let before = at - 1; before >= 0; before -= 1) {
    const joined = commands[before]?.joint;
    if (joined === "||") return false;
    if (joined === "&&" && !changesFolder(commands[before]) && !provesSuccess(commands, at, code)) return false;
    if (joined === ";" || joined === "&") break;
  }
  // Of the last of a line the code is known.
  return !isLast(commands, at) || !codeOfNeverRan(code, programOf(commands[at]?.words ?? []) ?? []);
}

/** Whether everything up to the end of the line hangs together by `&&` and the line succeeded. */
const provesSuccess = (commands: readonly ShellCommand[], at: number, code: number): boolean =>
  code === 0 && commands.slice(at, -1).every(({ joint }) => joint === "&&" || joint === "|");

const isLast = (commands: readonly ShellCommand[], at: number): boolean => at === commands.length - 1;

const changesFolder = (command: ShellCommand | undefined): boolean =>
  /^(?:cd|export|set)$/.test(command?.words[0] ?? "");
