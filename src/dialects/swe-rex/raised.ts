import type { BerthError, ErrorCode } from "../../core/errors.ts";
import type { ToolOutputInput } from "../../model/tool-call.ts";
import { SWEREX_ERROR, type ClassPath } from "./class-paths.ts";
import type { Transferred } from "./wire.ts";

/** What the client is to raise. */
export class Raised extends Error {
  readonly classPath: ClassPath;
  readonly extraInfo: Readonly<Record<string, unknown>>;

  constructor(classPath: ClassPath, message: string, extraInfo: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.classPath = classPath;
    this.extraInfo = extraInfo;
  }
}

export const transferOf = ({ classPath, message, extraInfo }: Raised): Transferred => ({
  message,
  class_path: classPath,
  traceback: "",
  extra_info: { ...extraInfo },
});

const classOfCode: Readonly<Partial<Record<ErrorCode, ClassPath>>> = {
  file_not_found: "builtins.FileNotFoundError",
  not_a_file: "builtins.IsADirectoryError",
  not_a_directory: "builtins.NotADirectoryError",
  permission_denied: "builtins.PermissionError",
  file_too_large: "builtins.OSError",
  no_space: "builtins.OSError",
};

/** A failure of Berth as the client sees it: `extra_info["berth"]` says who caused it. */
export const raisedFor = (error: BerthError): Raised =>
  new Raised(classOfCode[error.code] ?? SWEREX_ERROR, `${error.message} ${error.remedy}`.trim(), {
    berth: error.report(),
  });

/** What a door's tool leaves in the record: all that an answer needs, so that one that is asked for again is the same. */
export async function recorded(work: () => Promise<{ output: string; answer: object }>): Promise<ToolOutputInput> {
  try {
    const { output, answer } = await work();
    return { output, data: { answer } };
  } catch (thrown) {
    if (!(thrown instanceof Raised)) throw thrown;
    return { output: thrown.message, data: { raised: transferOf(thrown) } };
  }
}
