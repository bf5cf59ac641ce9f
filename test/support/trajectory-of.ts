import { toolOutput, type ExecOutcome } from "../../src/model/tool-call.ts";
import type { TrajectoryRecord } from "../../src/model/trajectory.ts";

export interface PlayedCall {
  readonly tool?: string;
  readonly command?: string;
  readonly arguments?: unknown;
  readonly exit?: number;
  readonly outcome?: ExecOutcome;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly refused?: boolean;
  readonly state?: TrajectoryRecord["state"];
  /** Milliseconds from the first call's start, and how long it took. */
  readonly at?: number;
  readonly ms?: number;
}

const reads = new Set(["read_file", "grep", "glob", "list_dir", "read_output"]);
const stream = (text: string) => ({ head: text, tail: "", total_bytes: Buffer.byteLength(text), truncated: false });

/** A trajectory of these calls; a text is a shell command that ends with 0 and says something. */
export const trajectoryOf = (calls: readonly (PlayedCall | string)[]): TrajectoryRecord[] =>
  calls.map((given, seq) => {
    const call = typeof given === "string" ? { command: given } : given;
    const { tool = "shell", state = "done", stdout = "some output\n", stderr = "", ms = 5 } = call;
    const outcome = call.outcome ?? { type: "exited", code: call.exit ?? 0 };
    const said = {
      output: stdout + stderr,
      ...(tool === "shell" && { outcome, stdout: stream(stdout), stderr: stream(stderr) }),
    };
    const error = { code: "invalid_arguments", cause: "policy", message: "No.", remedy: "Other.", retryable: false };
    return {
      seq,
      call_id: `call_${seq}`,
      tool,
      effect: reads.has(tool) ? "read" : "write",
      arguments: call.arguments ?? { command: call.command ?? "" },
      state,
      result: state === "done" ? toolOutput.parse(call.refused ? { output: "No.", error } : said) : null,
      started_at: new Date(Date.UTC(2026, 0, 1) + (call.at ?? seq * 1000)).toISOString(),
      duration_ms: state === "done" ? ms : null,
    };
  });
