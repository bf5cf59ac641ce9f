import { z } from "zod";
import type { Command } from "./run-command.ts";

/** Linux takes no longer single argument (MAX_ARG_STRLEN), in bytes with the closing NUL. */
const maxCommandBytes = 131_071;

/**
 * A command line as an argument of its own: nothing is quoted; `args` are its positional parameters. Without --norc bash reads
 * ~/.bashrc where standard input is a socket.
 */
export function byShell(command: string, args: readonly string[] = []): Pick<Command, "argv" | "otherwise"> {
  const positional = (name: string): readonly string[] => (args.length === 0 ? [] : [name, ...args]);
  return {
    argv: ["bash", "--norc", "-c", "--", command, ...positional("bash")],
    otherwise: ["/bin/sh", "-c", "--", command, ...positional("sh")],
  };
}

export const commandLineField = (description: string) =>
  z
    .string()
    .min(1)
    .refine((command) => !command.includes("\0"), { error: "must not contain a NUL character" })
    .refine((command) => Buffer.byteLength(command) <= maxCommandBytes, {
      error: `must be at most ${maxCommandBytes} bytes; write longer text to a file with write_file`,
    })
    .describe(description);
