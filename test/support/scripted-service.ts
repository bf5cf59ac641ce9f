import { BerthError } from "../../src/core/errors.ts";
import type { Rollout } from "../../src/model/rollout.ts";
import type { ToolCallResult } from "../../src/model/tool-call.ts";
import type { RolloutService } from "../../src/rollout/rollout-service.ts";

export const rolloutId = "26201611-b3fd-4158-a1e5-d90a5274c246";

export const aRollout = (change: Partial<Rollout> = {}): Rollout => ({
  rollout_id: rolloutId,
  environment: "click",
  group: null,
  labels: {},
  status: "active",
  provider: "memory",
  snapshot: null,
  error: null,
  verdict: null,
  tool_calls: 0,
  egress: { allowed: 0, denied: 0 },
  created_at: "2026-01-02T03:04:05.678Z",
  active_at: null,
  first_result_at: null,
  ended_at: null,
  created_by: null,
  ready_by: null,
  ...change,
});

export const aResult = (change: Partial<ToolCallResult> = {}): ToolCallResult => ({
  call_id: "call_1",
  tool: "shell",
  output: "hello\n",
  truncated: false,
  duration_ms: 3,
  replayed: false,
  ...change,
});

export interface Call {
  readonly method: keyof RolloutService;
  readonly args: readonly unknown[];
}

export interface ScriptedService extends RolloutService {
  /** Every call that was made, in order. */
  readonly calls: readonly Call[];
}

/** A service that answers by script, records what it is asked, and refuses what the script does not mention. */
export function scriptedService(script: Partial<RolloutService> = {}): ScriptedService {
  const calls: Call[] = [];
  const answer =
    (method: keyof RolloutService) =>
    (...args: unknown[]): unknown => {
      calls.push({ method, args });
      const scripted = script[method] as ((...given: unknown[]) => unknown) | undefined;
      if (!scripted) throw new BerthError("internal", `The script has no ${method}.`);
      return scripted(...args);
    };
  return new Proxy({ calls } as unknown as ScriptedService, {
    get: (target, name) => (name === "calls" ? target.calls : answer(name as keyof RolloutService)),
  });
}
