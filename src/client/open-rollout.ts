import { randomUUID } from "node:crypto";
import type { Regrading } from "../model/regrading.ts";
import type { CreateRolloutInput, Rollout } from "../model/rollout.ts";
import type { ToolCallResult } from "../model/tool-call.ts";
import type { RolloutEvent, Trajectory } from "../model/trajectory.ts";
import type { GradeRequest, Verdict } from "../model/verdict.ts";
import type { BerthClient, RequestOptions } from "./berth-client.ts";
import { BerthFailure } from "./failure.ts";
import { failureOf } from "./refusal.ts";
import type { ArgumentsOf, ToolName } from "./tool-arguments.ts";

/** One request waits no longer: proxies cut what is silent for a minute. */
const waitSeconds = 45;

export interface OpenOptions {
  /** Milliseconds within which the sandbox must be ready; 600,000 when it is left out. */
  readonly readyWithinMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface CallOptions extends RequestOptions {
  /** Made anew for each call when it is left out. A program that may call again after its own crash gives one of its own. */
  readonly callId?: string;
}

/** A rollout with its sandbox. `await using` ends it, whatever happens. */
export class OpenRollout implements AsyncDisposable {
  /** A lower-case UUID. */
  readonly id: string;
  readonly #client: BerthClient;

  constructor(client: BerthClient, id: string) {
    this.#client = client;
    this.id = id;
  }

  /**
   * Uses a tool. A non-zero exit and what the model did wrong are in the result; a cut connection is taken up again under the same call id, so that the
   * call runs once.
   * @throws BerthFailure
   */
  call<Name extends ToolName>(
    tool: Name,
    args: ArgumentsOf<Name>,
    { callId = `call_${randomUUID()}`, ...options }: CallOptions = {},
  ): Promise<ToolCallResult> {
    return this.#client.callTool(this.id, tool, { call_id: callId, arguments: args }, options);
  }

  state(): Promise<Rollout> {
    return this.#client.rollout(this.id);
  }

  trajectory(options?: RequestOptions): Promise<Trajectory> {
    return this.#client.trajectory(this.id, options);
  }

  /** What happens from now until the rollout ends; see BerthClient.events. */
  events(signal?: AbortSignal): AsyncGenerator<RolloutEvent> {
    return this.#client.events(this.id, signal);
  }

  /** Ends the policy's turn. Asking again gives the same verdict. `answer`: the policy's last message. */
  grade(input: { readonly answer?: string } = {}, options?: RequestOptions): Promise<Verdict> {
    return this.#client.grade(this.id, input, options);
  }

  /** Another verdict on what the rollout left; the first one stands. */
  regrade(input: Omit<GradeRequest, "again"> = {}, options?: RequestOptions): Promise<Verdict> {
    return this.#client.grade(this.id, { ...input, again: true }, options);
  }

  regradings(): Promise<Regrading[]> {
    return this.#client.regradings(this.id);
  }

  /** Resolves when nothing of it but its record is left. May be asked again. */
  close(options?: RequestOptions): Promise<Rollout> {
    return this.#client.deleteRollout(this.id, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * A rollout of one's own, once its sandbox is ready; a `rollout_id` that is given may name one that is there already.
 * @throws BerthFailure why it has no sandbox; nothing that this call made is left then
 */
export async function openRollout(
  client: BerthClient,
  input: CreateRolloutInput,
  { readyWithinMs = 600_000, signal }: OpenOptions = {},
): Promise<OpenRollout> {
  const late = AbortSignal.timeout(readyWithinMs);
  const ends = signal ? AbortSignal.any([signal, late]) : late;
  const named = { ...input, rollout_id: input.rollout_id ?? randomUUID() };
  await using undone = new AsyncDisposableStack();
  const endIt = () => undone.defer(() => endUnopened(client, named.rollout_id));
  try {
    // One that was there under a given id is not ours to end.
    if (input.rollout_id === undefined) endIt();
    const first = await client.createRollout(named, { waitSeconds, signal: ends });
    if (first.created && input.rollout_id !== undefined) endIt();
    let { rollout } = first;
    while (rollout.status === "queued" || rollout.status === "preparing")
      rollout = await client.rollout(rollout.rollout_id, { waitSeconds, signal: ends });
    if (rollout.status !== "active") throw whyNot(rollout);
    undone.move();
    return new OpenRollout(client, rollout.rollout_id);
  } catch (thrown) {
    if (thrown !== late.reason || !late.aborted) throw thrown;
    throw new BerthFailure(`The sandbox was not ready within ${readyWithinMs} ms.`, {
      code: "deadline_exceeded",
      causedBy: "infra",
      remedy: "Give it more time with readyWithinMs, or see with `berth rollout events` what it waits for.",
      retryable: true,
    });
  }
}

/** It may never have come to be, and the reason why it was not opened is what counts. */
async function endUnopened(client: BerthClient, id: string): Promise<void> {
  try {
    await client.deleteRollout(id);
  } catch (thrown) {
    if (!(thrown instanceof BerthFailure)) throw thrown;
  }
}

function whyNot({ rollout_id, status, error }: Rollout): BerthFailure {
  if (error !== null) return failureOf(error);
  return new BerthFailure(`The rollout ${rollout_id} is ${status}.`, {
    code: "rollout_closed",
    causedBy: "caller",
    remedy: "The rollout has ended; create a new one.",
    retryable: false,
  });
}
