import { expect, test } from "vitest";
import { BerthFailure, ControllerUnreachable } from "../../../src/client/index.ts";
import { withPatience } from "../../../src/client/patience.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

const overloaded = (retryAfterSeconds: number) =>
  new BerthFailure("Full.", { code: "overloaded", causedBy: "infra", remedy: "", retryable: true, retryAfterSeconds });

/** When the attempts were made, in milliseconds, and what came of them. */
async function attempts(failures: readonly Error[], patienceMs: number) {
  const clock = new VirtualClock();
  const at: number[] = [];
  const work = withPatience(
    async () => {
      const failure = failures[at.push(clock.monotonic()) - 1];
      if (failure) throw failure;
      return "done";
    },
    { patienceMs, repeatable: "always", clock },
  ).catch((thrown: unknown) => thrown);
  expect(await clock.passUntil(work, 3_600_000)).toBe(true);
  return { at, came: await work };
}

test("Retry-After is waited for, and a little longer, so that not all come back at once", async () => {
  const { at, came } = await attempts([overloaded(3), overloaded(7)], 60_000);
  expect(came).toBe("done");
  expect(at[1]).toBeGreaterThan(3_000);
  expect(at[2]! - at[1]!).toBeGreaterThan(7_000);
  expect(at[2]).toBeLessThan(11_000);
});

test("without it the pauses grow to ten seconds, until patience ends with the last failure", async () => {
  const failures = Array.from({ length: 100 }, () => new ControllerUnreachable("http://x", "cut", undefined));
  const { at, came } = await attempts(failures, 120_000);
  const pauses = at.slice(1).map((time, nth) => time - at[nth]!);
  expect(came).toBe(failures[at.length - 1]);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(10_000);
  expect(pauses[0]).toBeLessThanOrEqual(250);
  expect(at.at(-1)).toBeLessThanOrEqual(120_000);
  expect(at.length).toBeLessThan(40);
});

test("what is not the controller's to say is thrown on at once", async () => {
  const { at, came } = await attempts([new TypeError("mine")], 60_000);
  expect([at, came]).toEqual([[0], new TypeError("mine")]);
});
