import type { Terminal } from "../../src/cli/terminal.ts";

/** Keeps what a command writes. */
export function fakeTerminal(): Terminal & { readonly stdout: () => string; readonly stderr: () => string } {
  const out: string[] = [];
  const err: string[] = [];
  return {
    color: false,
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    stdout: () => out.join("\n"),
    stderr: () => err.join("\n"),
  };
}
