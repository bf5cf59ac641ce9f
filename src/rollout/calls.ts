import { withDeadline } from "../core/deadline.ts";
import { BerthError, toBerthError, type ErrorCode } from "../core/errors.ts";
import type { IdSource } from "../core/ids.ts";
import type { MeasuredFailure, Measures } from "../core/measures.ts";
import type { ToolCallRequest, ToolCallResult } from "../model/tool-call.ts";
import type { SandboxLauncher } from "../sandbox/launcher.ts";
import type { DoorTool } from "../tool/tool.ts";
import { causeOfDeath } from "./cause-of-death.ts";
import { executeCall, replayed, type CallContext, type ToolCall } from "./call.ts";
import { CallTimes } from "./call-times.ts";
import type { EventHub } from "./event-hub.ts";
import type { LiveRollout } from "./live-rollout.ts";
import { rolloutIdOf, type LiveRollouts } from "./live-rollouts.ts";
import type { Preparation } from "./preparation.ts";

/** How long a call waits for its sandbox, a snapshot's build included. */
export const READY_DEADLINE_MS = 540_000;

export interface CallsParts extends CallContext {
  readonly rollouts: LiveRollouts;
  readonly preparation: Preparation;
  readonly launcher: SandboxLauncher;
  readonly events: EventHub;
  readonly ids: IdSource;
  readonly measures: Measures;
}

/** What a call may say whose sandbox was taken away beneath it. */
const mayComeOfTheEnd: ReadonlySet<ErrorCode> = new Set(["sandbox_lost", "guest_protocol", "outcome_unknown"]);

/** Tool calls of all rollouts: join what runs, wait for the sandbox, run once, tell who listens. */
export class Calls {
  readonly #parts: CallsParts;

  constructor(parts: CallsParts) {
    this.#parts = parts;
  }

  async call(rolloutId: string, asked: string | DoorTool, request: ToolCallRequest): Promise<ToolCallResult> {
    const { rollouts, ids } = this.#parts;
    const id = rolloutIdOf(rolloutId);
    const [tool, brought] = typeof asked === "string" ? [asked, undefined] : [asked.name, asked];
    const callId = request.call_id ?? `call_${ids.hex(12)}`;
    const call: ToolCall = { callId, tool, brought, arguments: request.arguments };
    const live = rollouts.find(id);
    if (!live) return this.#ofEnded(id, call);

    const args = JSON.stringify(call.arguments);
    const running = live.running.get(call.callId);
    if (running) {
      if (running.tool !== tool || running.arguments !== args) {
        throw new BerthError("call_conflict", `The call id ${call.callId} is in use for another call of this rollout.`);
      }
      return { ...(await running.result), replayed: true };
    }
    const cancelled = new AbortController();
    const result = this.#once(live, call, cancelled.signal);
    live.running.set(call.callId, { tool, arguments: args, result, cancelled });
    return result;
  }

  /** False when no such call is in flight. */
  cancel(rolloutId: string, callId: string): boolean {
    const running = this.#parts.rollouts.find(rolloutId)?.running.get(callId);
    running?.cancelled.abort(new BerthError("call_cancelled", `The call ${callId} was cancelled before it began.`));
    return running !== undefined;
  }

  async #once(live: LiveRollout, call: ToolCall, cancelled: AbortSignal): Promise<ToolCallResult> {
    try {
      return await this.#run(live, call, cancelled);
    } finally {
      live.running.delete(call.callId);
      await live.failing;
    }
  }

  async #run(live: LiveRollout, call: ToolCall, cancelled: AbortSignal): Promise<ToolCallResult> {
    const { events, preparation, measures, clock } = this.#parts;
    const { callId: call_id, tool } = call;
    const times = new CallTimes(clock);
    times.enter("sandbox");
    const sandbox =
      live.active ?? (await withDeadline("preparing the sandbox", READY_DEADLINE_MS, () => live.ready, { clock }));
    times.enter("controller");
    if (live.turn.signal.aborted) return this.#ofEnded(live.id, call, live.turn.signal.reason);
    const tell = (state: "running" | "done" | "unknown", duration_ms: number | null) =>
      events.publish(live.id, { type: "tool_call", call_id, tool, state, duration_ms });
    let isNew = false;
    let isStored = false;
    let failure: MeasuredFailure | undefined;
    const onReserved = () => {
      isNew = true;
      tell("running", null);
    };
    const onStored = () => (isStored = true);
    const withResult = () => this.#noteFirstResult(live);
    try {
      const result = await executeCall(live, sandbox, call, {
        ...this.#parts,
        cancelled,
        times,
        onReserved,
        withResult,
        onStored,
      });
      // What is replayed does not happen again.
      if (isNew) tell("done", result.duration_ms);
      failure = result.error;
      return result;
    } catch (thrown) {
      const error = toBerthError(thrown);
      if (isNew) tell(isStored ? "done" : "unknown", null);
      const judged = await this.#judge(live, error);
      failure = judged.report();
      throw judged;
    } finally {
      if (isNew) measures.toolCall({ tool, spent: times.spent(), failure });
      // What was refused during the call is durable before its answer leaves.
      await live.egress?.flush();
      if (!live.turn.signal.aborted) preparation.touch(live);
    }
  }

  #noteFirstResult(live: LiveRollout): Promise<void> | undefined {
    if (live.hasFirstResult) return undefined;
    live.hasFirstResult = true;
    const { store, rollouts, measures, clock } = this.#parts;
    return store.updateRollout(live.id, { first_result_at: rollouts.now() }).then(() => {
      measures.firstResult(Math.max(0, clock.now() - live.createdAtMs) / 1000);
    });
  }

  /** A guest that is gone ends the rollout, and every call that it took with it tells the same cause. */
  async #judge(live: LiveRollout, error: BerthError): Promise<BerthError> {
    const { launcher, rollouts, clock } = this.#parts;
    const { signal } = live.turn;
    const reason =
      live.sandbox &&
      !signal.aborted &&
      (await causeOfDeath(error, live.sandbox.handle, { provider: launcher.provider, clock }));
    if (error.code === "fenced") rollouts.drop(live.id, error);
    if (signal.aborted) return mayComeOfTheEnd.has(error.code) ? toBerthError(signal.reason) : error;
    if (!reason) return error;
    await rollouts.fail(live, reason);
    return reason;
  }

  /** A call to a rollout that has ended: what was stored for it, or why the rollout ended. */
  async #ofEnded(id: string, call: ToolCall, reason?: unknown): Promise<ToolCallResult> {
    const rollout = await this.#parts.rollouts.storedHere(id);
    const records = await this.#parts.store.trajectory(id);
    const record = records.find((candidate) => candidate.call_id === call.callId);
    if (record) return replayed(call, record);
    if (rollout.error) throw BerthError.of(rollout.error);
    if (reason !== undefined) throw toBerthError(reason);
    throw new BerthError("rollout_closed", `The rollout ${id} is ${rollout.status}.`);
  }
}
