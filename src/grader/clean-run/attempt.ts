import { BerthError } from "../../core/errors.ts";
import type { GradingContext, GradingSandbox } from "../grader.ts";

export type Attempt<Ran> =
  | ({ readonly kind: "ran" } & Ran)
  /** The run broke after the change set was let in; whether it is to blame, a run without it tells. */
  | { readonly kind: "died"; readonly error: BerthError };

/** Does `work` in a clean sandbox of its own. @throws BerthError when there is no sandbox to be had, or what aborted */
export async function attempt<Ran extends object>(
  { openSandbox, signal }: Pick<GradingContext, "openSandbox" | "signal">,
  work: (sandbox: GradingSandbox) => Promise<Ran>,
): Promise<Attempt<Ran>> {
  await using sandbox = await openSandbox();
  try {
    return { kind: "ran", ...(await work(sandbox)) };
  } catch (thrown) {
    if (signal.aborted || !(thrown instanceof BerthError)) throw thrown;
    return { kind: "died", error: thrown };
  }
}
