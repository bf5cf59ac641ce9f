import { constants } from "node:os";
import { BerthError } from "../../core/errors.ts";
import type { CapturedStream, ExecOutcome } from "../../model/tool-call.ts";
import { runCommand } from "../../tool/shell/run-command.ts";
import type { DoorTool, ToolContext } from "../../tool/tool.ts";
import { z } from "zod";
import { programOf } from "./languages.ts";
import type { CommandResult, RunCodeRequest } from "./wire.ts";
import { fetchFiles, putFiles } from "./workspace.ts";

const mostStreamBytes = 262_144;
const lookMs = 10_000;
const signals: Readonly<Record<string, number>> = constants.signals;

/** What the record keeps of a request: files by their length. */
export const codeFacts = ({ files, ...request }: RunCodeRequest): Record<string, unknown> => ({
  ...request,
  files: Object.fromEntries(Object.entries(files).map(([path, content]) => [path, content?.length ?? 0])),
});

/** Writes the code, compiles it where it must be, runs it, and gives what was asked for back. */
export const runCode = (request: RunCodeRequest): DoorTool => ({
  name: "sandbox_fusion_run_code",
  description: "A request of a SandboxFusion client.",
  effect: "write",
  arguments: z.looseObject({}),
  needs: ["shell"],
  async run(context) {
    const { file, compile, run, env = {} } = programOf(request.language);
    await assertThere((compile ?? run)[0] ?? "", context);
    await putFiles(request.files, context);
    await context.guest.write(file, Buffer.from(request.code), { createParents: true }, { signal: context.signal });
    const within = (turn: string): ToolContext => ({
      ...context,
      callId: `${context.callId}~${turn}`,
      env: { ...context.env, ...env },
    });
    const compiled = compile ? await ran(compile, request.compile_timeout, within("compile")) : null;
    const isCompiled = compiled === null || compiled.return_code === 0;
    const result = isCompiled ? await ran(run, request.run_timeout, within("run"), request.stdin ?? undefined) : null;
    const fetched = await fetchFiles(request.fetch_files, context);
    const status = result?.return_code === 0 ? "Success" : "Failed";
    const answer = { status, compile_result: compiled, run_result: result, ...fetched };
    const { stdout, stderr } = result ?? compiled ?? { stdout: "", stderr: "" };
    return { output: stdout + stderr, data: { answer } };
  },
});

/** @throws BerthError `interpreter_missing` */
async function assertThere(program: string, context: ToolContext): Promise<void> {
  const look = ["/bin/sh", "-c", 'command -v "$1"', "sh", program];
  const { outcome } = await runCommand(context, { argv: look, timeoutMs: lookMs, maxBytes: 1_024 });
  if (outcome.type === "exited" && outcome.code !== 0)
    throw new BerthError("interpreter_missing", `There is no ${program} in this sandbox.`);
}

async function ran(
  argv: readonly string[],
  seconds: number,
  context: ToolContext,
  stdin?: string,
): Promise<CommandResult> {
  const timeoutMs = Math.max(1, Math.min(context.mostMs, Math.ceil(seconds * 1000)));
  const input = stdin === undefined ? {} : { stdin };
  const { outcome, stdout, stderr, durationMs } = await runCommand(context, {
    argv,
    ...input,
    timeoutMs,
    maxBytes: mostStreamBytes,
  });
  if (outcome.type === "cancelled") throw new BerthError("call_cancelled", "The code was stopped before its end.");
  return {
    status: outcome.type === "timed_out" ? "TimeLimitExceeded" : "Finished",
    execution_time: durationMs / 1000,
    return_code: codeOf(outcome),
    stdout: textOf(stdout),
    stderr: textOf(stderr),
  };
}

function codeOf(outcome: ExecOutcome): number | null {
  if (outcome.type === "exited") return outcome.code;
  if (outcome.type === "oom_killed") return -(signals["SIGKILL"] ?? 9);
  return outcome.type === "signaled" ? -(signals[outcome.signal] ?? 0) : null;
}

function textOf({ head, tail, total_bytes: total, truncated }: CapturedStream): string {
  if (!truncated) return head + tail;
  const missing = total - Buffer.byteLength(head) - Buffer.byteLength(tail);
  return `${head}\n[… ${missing} bytes left out …]\n${tail}`;
}
