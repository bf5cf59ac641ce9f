import type { SessionOutput, SessionState } from "../../guest/sessions.ts";
import type { ToolOutputInput } from "../../model/tool-call.ts";

/** What a model reads of a terminal: what came, as text, then a line with where it is. Escape sequences stay as the program wrote them. */
export function reportTerminal(state: SessionState, output: SessionOutput, asked: number): ToolOutputInput {
  const end = output.offset + output.bytes.length;
  const text = output.bytes.toString("utf8");
  const lost = output.offset - asked;
  const left = output.totalBytes - end;
  const notes = [
    ...(lost > 0 ? [`${lost} bytes before these are not kept any more`] : []),
    ...(left > 0 ? [`${left} more bytes have come`] : []),
    `${describeState(state)}; next offset ${end}`,
  ];
  return {
    output: `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}${notes.map((note) => `[${note}]\n`).join("")}`,
    ...(state.outcome === null ? {} : { outcome: state.outcome }),
    data: { ...dataOf(state), offset: output.offset, next_offset: end, total_bytes: output.totalBytes },
    truncated: lost > 0 || left > 0,
  };
}

export function describeState({ name, outcome, foreground, busy, cwd }: SessionState): string {
  if (outcome !== null) return `${name} has ended: ${describeEnd(outcome)}`;
  const where = cwd === "" ? "" : ` in ${cwd}`;
  if (foreground === "") return `${name} runs${where}`;
  return busy ? `${name}: ${foreground} runs${where}` : `${name}: ${foreground} has the terminal${where}`;
}

export function dataOf(state: SessionState): Record<string, unknown> {
  const { name, outcome, foreground, busy, cwd, rows, columns } = state;
  return { name, state: state.state, outcome, foreground, busy, cwd, rows, columns };
}

/** Of a program that ended: `exit code 3`. */
export function describeEnd(outcome: NonNullable<SessionState["outcome"]>): string {
  if (outcome.type === "exited") return `exit code ${outcome.code}`;
  if (outcome.type === "signaled") return `killed by ${outcome.signal}`;
  return outcome.type === "oom_killed" ? "out of memory" : "closed";
}
