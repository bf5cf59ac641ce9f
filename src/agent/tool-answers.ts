import type { BerthClient } from "../client/berth-client.ts";
import { BerthFailure } from "../client/failure.ts";
import { Slots } from "../core/slots.ts";
import type { ModelTurn } from "./model/agent-model.ts";
import type { StopReason } from "./sample-result.ts";

/** Calls of one reply that are in flight at a time. */
const mostParallel = 16;
/** Calls of one reply; a model that asks for more than that has gone astray. */
const mostCalls = 128;
const longestName = 64;

/** The rollout takes no more calls, for a reason that the policy brought about. */
export class TurnEnded extends Error {
  readonly stop: StopReason;

  constructor(stop: StopReason, cause: unknown) {
    super(`The turn ended: ${stop}.`, { cause });
    this.stop = stop;
  }
}

export interface Answers {
  readonly answers: string[];
  /** Calls that were refused or failed for a reason that the model can act on. */
  readonly errors: number;
}

interface Answer {
  readonly text: string;
  readonly failed: boolean;
}

const told = (text: string): Answer => ({ text: `Error: ${text}`, failed: true });

/** A request that the model's arguments made wrong; of a caller's mistakes no others come from a model. */
const ofTheModel: ReadonlySet<string> = new Set(["invalid_request", "request_too_large"]);

async function answerOf(
  client: BerthClient,
  rolloutId: string,
  call: ModelTurn["calls"][number] & { readonly callId: string },
  signal: AbortSignal,
): Promise<Answer> {
  const { name, callId: call_id, arguments: args } = call;
  if (name === "" || name.length > longestName) return told("There is no tool of that name.");
  try {
    const result = await client.callTool(rolloutId, name, { call_id, arguments: args }, { signal });
    return { text: result.output, failed: result.error !== undefined };
  } catch (thrown) {
    if (!(thrown instanceof BerthFailure)) throw thrown;
    if (thrown.code === "budget_exhausted") throw new TurnEnded("rollout_budget", thrown);
    if (thrown.code === "sandbox_oom") throw new TurnEnded("sandbox_oom", thrown);
    if (thrown.causedBy === "policy" || ofTheModel.has(thrown.code)) return told(`${thrown.message} ${thrown.remedy}`);
    throw thrown;
  }
}

/**
 * What the model reads of each call of its reply, side by side. The ids of the calls follow from the reply's number, so that the same reply taken up after a crash
 * runs nothing twice.
 * @throws TurnEnded; BerthFailure for what is not the policy's doing
 */
export async function answersTo(
  client: BerthClient,
  rolloutId: string,
  turn: ModelTurn,
  nth: number,
  signal: AbortSignal,
): Promise<Answers> {
  const slots = new Slots(mostParallel);
  const answers = await Promise.all(
    turn.calls.map(async (call, index) => {
      if (index >= mostCalls) return told(`A reply has at most ${mostCalls} calls; this one was not run.`);
      return slots.run(
        () => answerOf(client, rolloutId, { ...call, callId: `turn-${nth}-call-${index}` }, signal),
        signal,
      );
    }),
  );
  return { answers: answers.map(({ text }) => text), errors: answers.filter(({ failed }) => failed).length };
}
