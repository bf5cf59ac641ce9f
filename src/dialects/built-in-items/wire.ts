import { z } from "zod";

/** Commands of one `shell_call`. */
const MOST_COMMANDS = 32;
const MOST_DIFF_CHARACTERS = 1_000_000;

const itemId = z.string().min(1).max(1024);
/** Of models, and SDKs, that say so of what they leave out. */
const left = <T extends z.ZodType>(schema: T) => schema.nullish();

export const shellCall = z.looseObject({
  type: z.literal("shell_call"),
  call_id: itemId,
  action: z.looseObject({
    /** Run one after the other, each in a shell of its own. */
    commands: z.array(z.string()).min(1).max(MOST_COMMANDS),
    /** For each command. */
    timeout_ms: left(z.number().int().min(1)),
    /** Characters of stdout and stderr together, for each command. */
    max_output_length: left(z.number().int().min(0)),
  }),
});
export type ShellCall = z.infer<typeof shellCall>;

const path = z.string().min(1).max(4096);
const diff = z.string().max(MOST_DIFF_CHARACTERS);

export const applyPatchCall = z.looseObject({
  type: z.literal("apply_patch_call"),
  call_id: itemId,
  operation: z.discriminatedUnion("type", [
    z.looseObject({ type: z.literal("create_file"), path, diff }),
    z.looseObject({ type: z.literal("update_file"), path, diff, move_to: left(path) }),
    z.looseObject({ type: z.literal("delete_file"), path }),
  ]),
});
export type ApplyPatchCall = z.infer<typeof applyPatchCall>;

export const localShellCall = z.looseObject({
  type: z.literal("local_shell_call"),
  call_id: itemId,
  action: z.looseObject({
    type: z.literal("exec"),
    /** A program with its arguments, taken as they are. */
    command: z.array(z.string()).min(1).max(4096),
    env: left(z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string())),
    timeout_ms: left(z.number().int().min(1)),
    working_directory: left(z.string()),
    user: left(z.string()),
  }),
});
export type LocalShellCall = z.infer<typeof localShellCall>;

export const builtInItem = z.discriminatedUnion("type", [shellCall, applyPatchCall, localShellCall]);
export type BuiltInItem = z.infer<typeof builtInItem>;

const shellOutcome = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("exit"), exit_code: z.number().int() }),
  z.strictObject({ type: z.literal("timeout") }),
]);
const shellOutput = z.strictObject({ stdout: z.string(), stderr: z.string(), outcome: shellOutcome });
export type ShellOutput = z.infer<typeof shellOutput>;

export const builtInOutput = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("shell_call_output"),
    call_id: z.string(),
    max_output_length: z.number().int().optional(),
    /** One a command, in their order. */
    output: z.array(shellOutput),
  }),
  z.strictObject({
    type: z.literal("apply_patch_call_output"),
    call_id: z.string(),
    status: z.enum(["completed", "failed"]),
    output: z.string(),
  }),
  z.strictObject({
    type: z.literal("local_shell_call_output"),
    call_id: z.string(),
    status: z.enum(["completed", "incomplete"]),
    output: z.string(),
  }),
]);
export type BuiltInOutput = z.infer<typeof builtInOutput>;
