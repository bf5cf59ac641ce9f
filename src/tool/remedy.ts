import { BerthError, type ErrorCode } from "../core/errors.ts";

/** Rethrows failures of one code with a remedy that fits the tool better than the table's. */
export async function withRemedy<T>(code: ErrorCode, remedy: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (thrown) {
    if (thrown instanceof BerthError && thrown.code === code)
      throw new BerthError(code, thrown.message, { cause: thrown, remedy });
    throw thrown;
  }
}
