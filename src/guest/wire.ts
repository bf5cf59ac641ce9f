import { z } from "zod";
import { execOutcome } from "../model/tool-call.ts";

/** The guest's replies as they are on the wire. Unknown fields are dropped; sizes are checked where the request is known. */

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
/** PATH_MAX bytes; control characters do not count more than once in JSON that was parsed. */
const path = z.string().max(4_096);
const bootId = z.string().regex(/^[0-9a-f]{16,128}$/);

export const wireHandshake = z.object({
  protocol: z.literal(1),
  version: z.string().max(128),
  boot_id: bootId,
  root: path.startsWith("/"),
  tool_uid: count.max(0xffff_fffe),
  tool_gid: count.max(0xffff_fffe),
});

export const wireHealth = z.object({
  boot_id: bootId,
  uptime_ms: z.number().min(0),
  processes: count,
  oom_kills: count.nullable(),
});

const wireStream = z.object({ head: z.string(), tail: z.string(), total_bytes: count, truncated: z.boolean() });

export const wireExecResult = z.object({
  call_id: z.string().max(256),
  boot_id: bootId,
  /** `lost` is the controller's word: a guest cannot say it of itself. */
  outcome: execOutcome.refine((outcome) => outcome.type !== "lost", "lost"),
  stdout: wireStream,
  stderr: wireStream,
  duration_ms: z.number().min(0),
  survivors_killed: count,
});
export type WireExecResult = z.infer<typeof wireExecResult>;

export const wireExecState = z.discriminatedUnion("state", [
  z.object({ state: z.literal("running") }),
  z.object({ state: z.literal("done"), result: wireExecResult }),
]);

const fileType = z.enum(["file", "directory", "link", "other"]);

export const wireBackground = z
  .object({
    name: z.string().max(64),
    call_id: z.string().max(256),
    state: z.enum(["running", "done", "not_started"]),
    running_ms: count,
    stdout_bytes: count,
    stderr_bytes: count,
    outcome: execOutcome.refine((outcome) => outcome.type !== "lost", "lost").optional(),
  })
  .transform((told) => ({
    name: told.name,
    callId: told.call_id,
    state: told.state,
    runningMs: told.running_ms,
    stdoutBytes: told.stdout_bytes,
    stderrBytes: told.stderr_bytes,
    outcome: told.outcome,
  }));

export const wireBackgrounds = z.object({ commands: z.array(wireBackground).max(64) });

export const wireStat = z.object({ path, type: fileType, size: count, mode: count, target: path.optional() });

export const wireLines = z.object({
  text: z.string(),
  start_line: count,
  end_line: count,
  total_lines: count,
  total_bytes: count,
  truncated: z.boolean(),
  long_lines: count,
});

export const wireWritten = z.object({ bytes: count, sha256: z.string().regex(/^[0-9a-f]{64}$/), created: z.boolean() });

export const wireList = z.object({
  entries: z.array(z.object({ path, type: fileType, size: count })),
  truncated: z.boolean(),
});

export const wireGrep = z.object({
  matches: z.array(
    z.object({ path, line: count.min(1), text: z.string(), before: z.array(z.string()), after: z.array(z.string()) }),
  ),
  matched_files: count,
  searched_files: count,
  truncated: z.boolean(),
  timed_out: z.boolean(),
});

export const wireGlob = z.object({ paths: z.array(path), truncated: z.boolean() });

export const wireChanged = z.object({ files: z.array(z.object({ path, size: count })), truncated: z.boolean() });

export const wireTreeEnd = z.object({ type: z.literal("end"), count });

export const wireUnpacked = z.object({ files: count, bytes: count });

export const wireProlonged = z.object({ expires_at_ms: count.nullable() });

export const wireKilled = z.object({ killed: count });

const side = count.min(1).max(1_000);

export const wireSession = z.object({
  name: z.string().max(64),
  kind: z.enum(["terminal", "channel"]),
  state: z.enum(["running", "ended"]),
  outcome: execOutcome.refine((outcome) => outcome.type !== "lost", "lost").nullable(),
  foreground: z.string().max(256),
  cwd: path,
  busy: z.boolean(),
  rows: side,
  columns: side,
  first_byte: count,
  total_bytes: count,
});

/** As many as the guest keeps. */
export const wireSessions = z.object({ sessions: z.array(wireSession).max(32) });

export const wireAccepted = z.object({ accepted: count });

export const wireNothing = z.object({});
