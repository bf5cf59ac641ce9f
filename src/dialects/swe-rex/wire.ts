import { z } from "zod";
import { described } from "../../http/wire-schemas.ts";

const MOST_TEXT = 1_000_000;
const MOST_EXPECTED = 16;

const seconds = z.number().min(0);
const noNul = (text: string): boolean => !text.includes("\0");
const text = (most: number) => z.string().max(most).refine(noNul, { error: "must not contain a NUL character" });
const session = z.string().max(256).default("default");
const path = text(4_096).min(1);
const expected = described(
  z.array(z.string().min(1).max(1_000)).max(MOST_EXPECTED).default([]),
  "Regular expressions (RE2) of output that ends the wait besides the prompt.",
);

export const createSessionRequest = z.looseObject({
  session,
  session_type: z.literal("bash").default("bash"),
  startup_source: described(z.array(path).max(64).default([]), "Files to source first."),
  startup_timeout: described(seconds.default(1), "Seconds for those files."),
});

export const bashAction = z.looseObject({
  action_type: z.literal("bash"),
  command: text(MOST_TEXT),
  session,
  timeout: described(seconds.nullish(), "Seconds. Without it: as long as a tool call may take."),
  is_interactive_command: z.boolean().default(false),
  is_interactive_quit: z.boolean().default(false),
  check: z.enum(["silent", "raise", "ignore"]).default("raise"),
  error_msg: z.string().max(10_000).default(""),
  expect: expected,
});
export type BashAction = z.infer<typeof bashAction>;

export const interruptAction = z.looseObject({
  action_type: z.literal("bash_interrupt"),
  session,
  timeout: described(seconds.max(60).default(0.2), "Seconds after each attempt."),
  n_retry: z.number().int().min(1).max(20).default(3),
  expect: expected,
});
export type InterruptAction = z.infer<typeof interruptAction>;

export const action = z.discriminatedUnion("action_type", [bashAction, interruptAction]);

export const closeSessionRequest = z.looseObject({ session, session_type: z.literal("bash").default("bash") });

export const command = z.looseObject({
  command: z.union([text(131_071), z.array(text(131_071)).min(1).max(4_096)]),
  timeout: seconds.nullish(),
  shell: z.boolean().default(false),
  check: z.boolean().default(false),
  error_msg: z.string().max(10_000).default(""),
  env: described(z.record(text(4_096).min(1), text(131_071)).nullish(), "The whole environment of the command."),
  cwd: path.nullish(),
  merge_output_streams: z.boolean().default(false),
});
export type Command = z.infer<typeof command>;

export const readFileRequest = z.looseObject({
  path,
  encoding: described(z.string().max(64).nullish(), "utf-8 (the default), ascii or latin-1."),
  errors: described(z.string().max(64).nullish(), "strict (the default), ignore, replace or backslashreplace."),
});

export const writeFileRequest = z.looseObject({ path, content: z.string().max(MOST_TEXT) });

/** A form, as its parser leaves it. */
export const uploadRequest = z.looseObject({
  target_path: path,
  unzip: z.boolean().default(false),
  /** In base64. */
  file: z.base64(),
});
export type UploadRequest = z.infer<typeof uploadRequest>;

const typeOfSession = z.literal("bash");

export const answers = {
  is_alive: z.strictObject({ is_alive: z.boolean(), message: z.string() }),
  create_session: z.strictObject({ output: z.string(), session_type: typeOfSession }),
  run_in_session: z.strictObject({
    output: z.string(),
    exit_code: z.number().int().nullable(),
    failure_reason: z.string(),
    expect_string: described(z.string(), "The expression that ended the wait; `SHELLPS1PREFIX` for the prompt."),
    session_type: typeOfSession,
  }),
  close_session: z.strictObject({ session_type: typeOfSession }),
  execute: z.strictObject({ stdout: z.string(), stderr: z.string(), exit_code: z.number().int().nullable() }),
  read_file: z.strictObject({ content: z.string() }),
  nothing: z.strictObject({}),
} as const;

const transferred = z.strictObject({
  message: z.string(),
  class_path: described(z.string(), "The Python exception that the client raises."),
  traceback: z.string(),
  extra_info: described(
    z.record(z.string(), z.unknown()),
    "`berth`: the failure as Berth reports it, with its cause, where it has one.",
  ),
});
export type Transferred = z.infer<typeof transferred>;
export const swerexception = z.strictObject({ swerexception: transferred });
