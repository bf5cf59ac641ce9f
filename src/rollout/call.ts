import type { Clock } from "../core/clock.ts";
import { crashPoint } from "../core/crash-point.ts";
import { withDeadline } from "../core/deadline.ts";
import type { IndexLease } from "../code-index/indexes.ts";
import { BerthError, toBerthError } from "../core/errors.ts";
import type { Environment } from "../model/environment.ts";
import { toolOutput, type ToolCallResult, type ToolOutput } from "../model/tool-call.ts";
import type { Guest } from "../guest/guest.ts";
import type { TrajectoryRecord } from "../model/trajectory.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { Store } from "../store/store.ts";
import { parseArguments } from "../tool/parse-arguments.ts";
import type { ToolRegistry } from "../tool/registry.ts";
import { refusal as asRefusal, runTool } from "../tool/run-tool.ts";
import { toolsOf } from "../tool/tools-of.ts";
import type { DoorTool, Semantics, Tool } from "../tool/tool.ts";
import { commandEnvironment } from "./command-environment.ts";
import type { CallTimes } from "./call-times.ts";
import { endEarly } from "./end-early.ts";
import type { LiveRollout } from "./live-rollout.ts";

export interface ToolCall {
  readonly callId: string;
  readonly tool: string;
  /** The tool itself where a door brings it. */
  readonly brought?: DoorTool | undefined;
  readonly arguments: Record<string, unknown> | string;
}

export interface CallContext {
  readonly store: Store;
  readonly registry: ToolRegistry;
  readonly clock: Clock;
  /** Of the repository at the environment's commit; undefined without one. */
  readonly indexOf: (environment: Environment, signal?: AbortSignal) => Promise<IndexLease | undefined>;
  /** For searches by meaning; undefined without an endpoint for embeddings. */
  readonly semanticsOf?: (environment: Environment) => Semantics | undefined;
  /** For one command, whatever its tool allows; the answer may take some seconds longer. */
  readonly deadlineMs: number;
}

/** Marks a recorded result whose tool did not run: told as an HTTP error, then and whenever it is asked for again. */
const NOT_RUN = { not_run: true };

/** The tool's own limit on a command comes first, so that a policy that asks for too long sees `timed_out`. */
const ANSWER_MARGIN_MS = 15_000;

/**
 * Reserve → execute → finalise, each durable before the next: the call runs at most once for its id, and its result is
 * stored before anyone is told.
 * @throws BerthError the refusals; `call_conflict`; `outcome_unknown`; infra errors, after which the call is `unknown`
 */
export async function executeCall(
  live: LiveRollout,
  sandbox: Sandbox,
  call: ToolCall,
  context: CallContext & {
    times: CallTimes;
    /** Aborts when the caller wants the call to end. */
    cancelled: AbortSignal;
    onReserved: () => void;
    /** Shares the commit of a result; what is refused has none. */
    withResult: () => Promise<void> | undefined;
    onStored: () => void;
  },
): Promise<ToolCallResult> {
  const { store, registry, indexOf, clock, deadlineMs, times, cancelled, onReserved, withResult, onStored } = context;
  const offered = toolsOf(live.stored.environment, registry);
  const tool = call.brought ?? offered.find(({ name }) => name === call.tool);
  const reserved = await store.reserveCall(live.id, {
    callId: call.callId,
    tool: call.tool,
    effect: tool?.effect ?? null,
    arguments: call.arguments,
    startedAt: new Date(clock.now()).toISOString(),
  });
  if (reserved.kind === "known") return replayed(call, reserved.record);

  crashPoint("call.reserved");
  onReserved();
  live.callsUsed = reserved.seq + 1;
  const began = clock.monotonic();
  const finish = async (output: ToolOutput, also?: () => Promise<void> | undefined): Promise<ToolCallResult> => {
    const durationMs = Math.round((clock.monotonic() - began) * 1000) / 1000;
    await Promise.all([store.finishCall(live.id, call.callId, output, durationMs), also?.()]);
    crashPoint("call.stored");
    onStored();
    return { ...output, call_id: call.callId, tool: call.tool, duration_ms: durationMs, replayed: false };
  };

  const refuse = async (refusal: BerthError): Promise<never> => {
    await finish(toolOutput.parse({ ...asRefusal(refusal), data: NOT_RUN }));
    throw refusal;
  };

  const checked = check(live, call, tool, offered);
  if (checked instanceof BerthError) return refuse(checked);
  let started = false;
  const over = new AbortController();
  try {
    times.enter("order");
    const ran = live.lane.run(checked.tool.effect, () => {
      live.turn.signal.throwIfAborted();
      cancelled.throwIfAborted();
      started = true;
      times.enter("run");
      // The tool itself then answers, with the outcome of its command.
      const kill = () => void endEarly(call.callId, { guest: sandbox.guest, clock, over: over.signal });
      cancelled.addEventListener("abort", kill, { once: true });
      return withDeadline(
        `the tool ${call.tool}`,
        deadlineMs + ANSWER_MARGIN_MS,
        (signal) =>
          runTool(
            checked.tool,
            {
              guest: commandsWithin(deadlineMs, sandbox.guest),
              callId: call.callId,
              workdir: live.stored.environment.workdir,
              index: () => indexOf(live.stored.environment, signal),
              semantics: context.semanticsOf?.(live.stored.environment),
              commands: live.stored.environment.commands,
              env: commandEnvironment(live.stored.environment, { egress: live.egress !== undefined }),
              clock,
              mostMs: deadlineMs,
              signal,
            },
            checked.args,
          ),
        // It may have run.
        { parent: live.turn.signal, code: "outcome_unknown", clock },
      );
    });
    const output = await ran.finally(() => {
      over.abort();
      times.enter("controller");
    });
    crashPoint("call.executed");
    return await finish(output, withResult);
  } catch (thrown) {
    const error = toBerthError(thrown);
    if (!started) return await refuse(error);
    await store.markCallUnknown(live.id, call.callId);
    crashPoint("call.unknown");
    throw error;
  }
}

/** The same guest; no command of it runs for longer than `mostMs`. */
const commandsWithin = (mostMs: number, guest: Guest): Guest => ({
  ...guest,
  exec: (request, options) => guest.exec({ ...request, timeoutMs: Math.min(request.timeoutMs, mostMs) }, options),
});

/** What was stored for the call id, if this is the same call. @throws BerthError */
export function replayed(call: ToolCall, record: TrajectoryRecord): ToolCallResult {
  if (record.tool !== call.tool || JSON.stringify(record.arguments) !== JSON.stringify(call.arguments)) {
    throw new BerthError("call_conflict", `The call id ${call.callId} was used for another call of this rollout.`);
  }
  if (record.state !== "done" || record.result === null) {
    throw new BerthError(
      "outcome_unknown",
      `Whether the call ${call.callId} ran to its end cannot be known; it is not run again.`,
    );
  }
  const { error, data } = record.result;
  if (error && data?.["not_run"] === true) throw BerthError.of(error);
  return {
    ...record.result,
    call_id: call.callId,
    tool: call.tool,
    duration_ms: record.duration_ms ?? 0,
    replayed: true,
  };
}

function check(
  live: LiveRollout,
  call: ToolCall,
  tool: Tool | undefined,
  offered: readonly Tool[],
): BerthError | { tool: Tool; args: unknown } {
  const { environment } = live.stored;
  if (!tool) {
    const names = offered.map(({ name }) => name);
    return new BerthError("unknown_tool", `There is no tool ${call.tool}; there are: ${names.join(", ")}.`);
  }
  const lacking = call.brought?.needs.filter((needed) => !offered.some(({ name }) => name === needed)) ?? [];
  if (lacking.length > 0) {
    return new BerthError(
      "unknown_tool",
      `${call.tool} needs ${lacking.join(", ")}, which the environment does not offer.`,
    );
  }
  if (live.callsUsed > environment.budget.tool_calls) {
    return new BerthError(
      "budget_exhausted",
      `The rollout's budget of ${environment.budget.tool_calls} tool calls is used up.`,
      { budget: "tool_calls" },
    );
  }
  try {
    return { tool, args: parseArguments(tool, call.arguments) };
  } catch (error) {
    return toBerthError(error, "invalid_arguments");
  }
}
