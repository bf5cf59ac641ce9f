import type { SessionState } from "../../guest/sessions.ts";
import { CallFrames, knownSession, sendLine } from "../channel/channel.ts";
import type { ToolContext } from "../tool.ts";
import { CellOutput } from "./cell-output.ts";
import { cellFrame, type Frame } from "./frames.ts";
import { languages, type LanguageName } from "./languages.ts";

/** For an interrupted cell to end. */
const patienceMs = 3_000;

export type CellEnd = "ok" | "error" | "interrupted" | "killed" | "ended";

export interface CellRun {
  readonly end: CellEnd;
  readonly output: CellOutput;
  /** No cell ran in the process before. */
  readonly fresh: boolean;
  readonly state: SessionState;
}

/** Runs a cell in the language's one process, which is started where there is none. One that takes too long is interrupted, and killed if it does not heed that. */
export async function runCell(
  context: ToolContext,
  cell: { language: LanguageName; code: string; timeoutMs: number },
): Promise<CellRun> {
  const { sessions } = context.guest;
  const { session: name } = languages[cell.language];
  const { state, fresh } = await started(context, cell.language);
  const deadline = context.clock.monotonic() + cell.timeoutMs;
  const frames = new CallFrames(context, { name, from: state.totalBytes, frames: cellFrame });
  const output = new CellOutput();
  const sent = await sendLine(context, name, JSON.stringify({ id: context.callId, code: cell.code }));
  let end = sent ? await readCell(frames, output, deadline) : undefined;
  if (end === undefined) {
    await sessions.interrupt(name, { signal: context.signal });
    end = await readCell(frames, output, context.clock.monotonic() + patienceMs);
    if (end === "ok" || end === "error") end = "interrupted";
  }
  if (end === undefined) {
    await sessions.close(name, { signal: context.signal });
    end = "killed";
  }
  return { end, output, fresh, state: await sessions.state(name, { signal: context.signal }) };
}

async function started(
  { guest: { sessions }, callId, env, signal }: ToolContext,
  language: LanguageName,
): Promise<{ state: SessionState; fresh: boolean }> {
  const { session: name, ...programs } = languages[language];
  const there = await knownSession(sessions, name, signal);
  if (there?.state === "running") return { state: there, fresh: false };
  const { argv } = programs;
  const otherwise = "otherwise" in programs ? { otherwise: programs.otherwise } : {};
  // Figures are drawn without a screen.
  const variables = { ...env, MPLBACKEND: "Agg" };
  const state = await sessions.open({ name, callId, kind: "channel", argv, ...otherwise, env: variables }, { signal });
  return { state: { ...state, totalBytes: 0 }, fresh: true };
}

/** Undefined when the time is over first. */
async function readCell(frames: CallFrames<Frame>, output: CellOutput, deadline: number): Promise<CellEnd | undefined> {
  for (;;) {
    const frame = await frames.next(deadline);
    if (frame === "late") return undefined;
    if (frame === "ended") return "ended";
    if (frame.type === "done") return frame.status;
    output.take(frame);
  }
}
