import type { FileTree } from "../tree/file-tree.ts";
import type { CallControl } from "./call-control.ts";
import type { Sink, Source } from "./io.ts";

/** What a program sees and a shell keeps: a process, as far as the fake has any. */
export interface Shell {
  readonly tree: FileTree;
  readonly workspace: string;
  readonly user: "tool" | "root";
  readonly call: CallControl;
  readonly programs: ReadonlyMap<string, Program>;
  readonly env: Map<string, string>;
  /** `$0`, `$1` … */
  readonly parameters: readonly string[];
  readonly stdin: Source;
  readonly stdout: Sink;
  readonly stderr: Sink;
  cwd: string;
  lastStatus: number;
}

/** Resolves with the exit code. */
export type Program = (shell: Shell, args: readonly string[]) => Promise<number>;

/** `exit`: ends the innermost shell. */
export class ShellExit extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code & 255;
  }
}

/** The call's first process was killed. */
export class ShellKilled extends Error {
  readonly signal: string;

  constructor(signal: string) {
    super(signal);
    this.signal = signal;
  }
}

export function subshell(shell: Shell, change: Partial<Shell> = {}): Shell {
  return { ...shell, env: new Map(shell.env), ...change };
}

/** Runs a shell to its end; what leaves is its exit code. */
export async function untilExit(work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof ShellExit) return thrown.code;
    throw thrown;
  }
}

export async function say(sink: Sink, text: string): Promise<void> {
  if (text !== "") await sink.write(Buffer.from(text));
}
