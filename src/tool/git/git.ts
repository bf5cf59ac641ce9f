import { z } from "zod";
import { BerthError } from "../../core/errors.ts";
import { reportCommand } from "../shell/command-report.ts";
import { runCommand } from "../shell/run-command.ts";
import type { ToolContext } from "../tool.ts";

const timeoutMs = 60_000;
const maxErrorBytes = 4096;

/** What the repository's own configuration must not turn into something that no one reads: colours, pagers, locks of reads. */
const plain = ["-c", "color.ui=false", "-c", "core.quotePath=false", "--no-pager", "--no-optional-locks"];

/** Who commits where neither the environment nor the repository says. */
export const identity = {
  GIT_AUTHOR_NAME: "agent",
  GIT_AUTHOR_EMAIL: "agent@localhost",
  GIT_COMMITTER_NAME: "agent",
  GIT_COMMITTER_EMAIL: "agent@localhost",
};

export const revisionField = (description: string) =>
  z
    .string()
    .min(1)
    .max(256)
    .refine((text) => !text.startsWith("-") && !/[\0\s]/.test(text), {
      error: "must be a revision, without spaces and not starting with -",
    })
    .describe(description);

export interface GitText {
  readonly text: string;
  /** Bytes are missing in the middle. */
  readonly isCut: boolean;
}

/**
 * Runs the sandbox's git as the tool user, whatever the repository's configuration makes of that, for at most 60 s.
 * @throws BerthError `invalid_arguments` with what git said when it fails, `sandbox_lost`
 */
export async function git(context: ToolContext, args: readonly string[], maxBytes: number): Promise<GitText> {
  return await checked(context, ["git", ...plain, ...args], maxBytes);
}

/** As `git`, for steps that belong together: a script of sh whose arguments are `args`. */
export async function gitSteps(
  context: ToolContext,
  script: string,
  args: readonly string[],
  maxBytes: number,
): Promise<GitText> {
  return await checked(context, ["/bin/sh", "-c", script, "sh", ...args], maxBytes);
}

async function checked(context: ToolContext, argv: readonly string[], maxBytes: number): Promise<GitText> {
  const result = await runCommand({ ...context, env: { ...identity, ...context.env } }, { argv, timeoutMs, maxBytes });
  const { outcome, stdout, stderr } = result;
  if (outcome.type === "exited" && outcome.code === 0) {
    if (!stdout.truncated) return { text: stdout.head + stdout.tail, isCut: false };
    const missing = stdout.total_bytes - Buffer.byteLength(stdout.head) - Buffer.byteLength(stdout.tail);
    return { text: `${stdout.head}\n[… ${missing} bytes left out …]\n${stdout.tail}`, isCut: true };
  }
  if (outcome.type === "exited" && outcome.code === 127) {
    throw new BerthError("invalid_arguments", "The sandbox has no git.", {
      remedy: "Work without git: use the other tools.",
    });
  }
  const said = (stderr.head + stderr.tail).trim().slice(0, maxErrorBytes);
  throw new BerthError(
    "invalid_arguments",
    outcome.type === "exited" && said !== ""
      ? `git failed: ${said}`
      : `git failed: ${reportCommand(result, { timeoutMs, callId: context.callId }).trim().slice(0, maxErrorBytes)}`,
    { remedy: "Mend what git names, or use git in the shell." },
  );
}
