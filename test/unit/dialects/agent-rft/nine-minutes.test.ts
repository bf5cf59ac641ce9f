import { describe, expect, test } from "vitest";
import { BerthError, toBerthError } from "../../../../src/core/errors.ts";
import { grade } from "../../../../src/dialects/agent-rft/grade.ts";
import { callTool } from "../../../../src/dialects/agent-rft/tool-call.ts";
import type { RolloutService } from "../../../../src/rollout/rollout-service.ts";
import { aRollout, rolloutId, scriptedService } from "../../../support/scripted-service.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

const call = { trace_id: rolloutId, call_id: "call_1", arguments: "{}", item: { environment: "click" } };
const never = () => new Promise<never>(() => {});
const fails = (code: "unknown_rollout" | "overloaded") => async () => {
  throw new BerthError(code, "No.");
};

async function codeWithin(ms: number, ask: (clock: VirtualClock) => Promise<unknown>): Promise<string> {
  const clock = new VirtualClock();
  const asked = ask(clock).then(
    () => "answered",
    (thrown: unknown) => toBerthError(thrown).code,
  );
  expect(await clock.passUntil(asked, ms)).toBe(true);
  return asked;
}

const nineMinutes = 540_000;

describe("A trainer has its answer within nine minutes", () => {
  test.each<[string, Partial<RolloutService>]>([
    ["a tool that never ends", { callTool: never }],
    ["a beginning that never ends", { callTool: fails("unknown_rollout"), create: never }],
    ["a controller that never has room", { callTool: fails("unknown_rollout"), create: fails("overloaded") }],
  ])("for %s", async (_title, service) => {
    const parts = { service: scriptedService(service) };
    expect(await codeWithin(nineMinutes, (clock) => callTool("shell", call, { ...parts, clock }))).toBe(
      "deadline_exceeded",
    );
  });

  test.each<[string, Partial<RolloutService>]>([
    ["a grading that never ends", { grade: never }],
    ["a rollout that cannot begin", { grade: fails("unknown_rollout"), create: fails("overloaded") }],
  ])("for %s", async (_title, service) => {
    const parts = { service: scriptedService(service) };
    expect(await codeWithin(nineMinutes, (clock) => grade(call, { ...parts, clock }))).toBe("deadline_exceeded");
  });

  test("and within seconds when no call brings an item", async () => {
    const parts = { service: scriptedService({ callTool: fails("unknown_rollout"), get: fails("unknown_rollout") }) };
    const ask = (clock: VirtualClock) => callTool("shell", { ...call, item: {} }, { ...parts, clock });
    expect(await codeWithin(11_000, ask)).toBe("invalid_request");
  });

  test("however late the room came, the call runs", async () => {
    let refusals = 60;
    let begun = false;
    const service = scriptedService({
      callTool: async () => (begun ? never() : fails("unknown_rollout")()),
      create: async () => {
        if (refusals-- > 0) return fails("overloaded")();
        begun = true;
        return { rollout: aRollout(), created: true };
      },
    });
    await codeWithin(nineMinutes, (clock) => callTool("shell", call, { service, clock }));
    expect(begun).toBe(true);
  });
});
