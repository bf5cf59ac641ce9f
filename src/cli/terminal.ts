import { isatty } from "node:tty";

/** Where a command writes. Answers go to `out`, everything about them to `err`; each call is one or more whole lines. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Whether `out` is a terminal that shows colours. */
  readonly color: boolean;
}

export const processTerminal = (env: NodeJS.ProcessEnv): Terminal => ({
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
  color: isatty(process.stdout.fd) && !env["NO_COLOR"] && env["TERM"] !== "dumb",
});

const codes = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 } as const;

export const paint = (terminal: Terminal, style: keyof typeof codes, text: string): string =>
  terminal.color ? `\u001b[${codes[style]}m${text}\u001b[0m` : text;
