import { expect, test } from "vitest";
import { CallTimes } from "../../../src/rollout/call-times.ts";

test("each moment of a call belongs to one phase, and one that comes again adds up", () => {
  let nowMs = 1_000;
  const times = new CallTimes({ monotonic: () => nowMs });
  const pass = (ms: number) => (nowMs += ms);
  pass(1);
  times.enter("sandbox");
  pass(20);
  times.enter("controller");
  pass(2);
  times.enter("order");
  pass(300);
  times.enter("run");
  pass(4_000);
  times.enter("controller");
  pass(3);
  expect(times.spent()).toEqual({ sandbox: 0.02, order: 0.3, run: 4, controller: 0.006 });
});
