import type { Clock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import { BerthError, type ErrorCode } from "../core/errors.ts";
import type { Provider, SandboxHandle, SandboxState } from "../provider/provider.ts";

/** After these the sandbox's state must be looked at before anything else is believed. */
const DOUBTFUL: ReadonlySet<ErrorCode> = new Set(["sandbox_lost", "guest_protocol", "outcome_unknown"]);

/** How long a guest whose stream broke may take to be seen as dead: its runtime learns of it later than we do. */
const DEATH_DEADLINE_MS = 2_000;
const INSPECT_DEADLINE_MS = 30_000;

/**
 * What an error of a sandbox's guest means for its rollout: undefined when the sandbox lives on, else why it died. A limit of
 * its own is the policy's doing, anything else is ours.
 */
export async function causeOfDeath(
  error: BerthError,
  handle: SandboxHandle,
  { provider, clock }: { provider: Provider; clock: Clock },
): Promise<BerthError | undefined> {
  if (!DOUBTFUL.has(error.code)) return undefined;
  const state = await lastState(error, handle, { provider, clock });
  if (state === undefined) return lost("in a state that the provider cannot tell", error);
  if (state.status === "running" && error.code === "outcome_unknown") return undefined;
  if (state.status === "exited" && state.oom) {
    return new BerthError("sandbox_oom", "The sandbox died at its limit of memory or processes.", { cause: error });
  }
  return lost(state.status, error);
}

const lost = (state: string, error: BerthError): BerthError =>
  new BerthError("sandbox_lost", `The sandbox is ${state}: ${error.message}`, { cause: error });

async function lastState(
  error: BerthError,
  handle: SandboxHandle,
  { provider, clock }: { provider: Provider; clock: Clock },
): Promise<SandboxState | undefined> {
  const giveUpAt = clock.monotonic() + DEATH_DEADLINE_MS;
  try {
    for (;;) {
      const state = await withDeadline("inspecting the sandbox", INSPECT_DEADLINE_MS, () => provider.inspect(handle), {
        clock,
      });
      const maySoonDie = state.status === "running" && error.code === "sandbox_lost";
      if (!maySoonDie || clock.monotonic() >= giveUpAt) return state;
      await clock.sleep(50);
    }
  } catch {
    return undefined;
  }
}
