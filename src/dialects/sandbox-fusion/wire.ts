import { z } from "zod";
import { described } from "../../http/wire-schemas.ts";
import { environmentName } from "../../model/environment.ts";
import { languages, type Language } from "./languages.ts";

/** Files and code of one request, in base64 and JSON. */
export const mostBodyBytes = 16_000_000;

const seconds = z.number().min(0).max(86_400);
const path = z.string().min(1).max(4_096);
const files = described(
  z.record(path, z.base64().nullable()).default({}),
  "Files to write first, relative to the workspace, in base64.",
);
const fetchFiles = described(
  z.array(path).max(100).default([]),
  "Files to give back, in base64: at most 700,000 bytes together. Those that are not there are left out.",
);

export const environmentPath = z.strictObject({
  environment: described(environmentName, "The registered environment that the code runs in."),
});

export const runCodeRequest = z.looseObject({
  code: z.string().max(mostBodyBytes),
  language: z.enum(Object.keys(languages) as [Language, ...Language[]]),
  compile_timeout: described(seconds.default(10), "Seconds."),
  run_timeout: described(seconds.default(10), "Seconds."),
  stdin: z.string().max(1_000_000).nullish(),
  files,
  fetch_files: fetchFiles,
});
export type RunCodeRequest = z.infer<typeof runCodeRequest>;

export const runJupyterRequest = z.looseObject({
  cells: z.array(z.string().max(131_072)).max(1_000),
  cell_timeout: described(seconds.default(0), "Seconds for each cell; 0: only the total counts."),
  total_timeout: described(seconds.default(45), "Seconds for all cells."),
  kernel: z.literal("python3").default("python3"),
  files,
  fetch_files: fetchFiles,
});
export type RunJupyterRequest = z.infer<typeof runJupyterRequest>;

export const commandResult = z.strictObject({
  status: z.enum(["Finished", "Error", "TimeLimitExceeded"]),
  execution_time: described(z.number(), "Seconds."),
  return_code: described(z.number().int().nullable(), "Below zero: the signal that killed it."),
  stdout: z.string(),
  stderr: z.string(),
});
export type CommandResult = z.infer<typeof commandResult>;

export const cellResult = z.strictObject({
  stdout: z.string(),
  stderr: z.string(),
  display: described(z.array(z.record(z.string(), z.string())), "Each value by media type."),
  error: z.array(z.strictObject({ ename: z.string(), evalue: z.string(), traceback: z.array(z.string()) })),
});
export type CellResult = z.infer<typeof cellResult>;

const common = {
  status: described(
    z.enum(["Success", "Failed", "SandboxError"]),
    "`Failed` is the code's doing. `SandboxError` is not: it says nothing of the code, and the client tries again.",
  ),
  message: z.string(),
  executor_pod_name: described(z.string().nullable(), "The rollout's id."),
  files: described(z.record(z.string(), z.string()), "What was asked for in `fetch_files`, in base64."),
} as const;

export const runCodeResponse = z.strictObject({
  ...common,
  compile_result: commandResult.nullable(),
  run_result: commandResult.nullable(),
});

export const runJupyterResponse = z.strictObject({
  ...common,
  driver: commandResult.nullable(),
  cells: z.array(cellResult),
});
