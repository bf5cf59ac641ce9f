import { expect, test } from "vitest";
import { VirtualClock } from "../../support/virtual-clock.ts";

const hour = 3_600_000;

test("alarms go off in the order of their times, those of one time in the order in which they were set", async () => {
  const clock = new VirtualClock();
  const heard: string[] = [];
  clock.alarm(20, () => heard.push("c"));
  clock.alarm(10, () => heard.push("a"));
  clock.alarm(10, () => heard.push("b"));
  clock.alarm(15, () => heard.push("never"))[Symbol.dispose]();
  expect(await clock.passUntil(clock.sleep(30), hour)).toBe(true);
  expect(heard).toEqual(["a", "b", "c"]);
  expect([clock.monotonic(), clock.pending]).toEqual([30, 0]);
});

test("time passes only while somebody waits, and not beyond what is allowed", async () => {
  const clock = new VirtualClock();
  expect(await clock.passUntil(clock.sleep(2 * hour), hour)).toBe(false);
  expect(await clock.passUntil(new Promise(() => {}), hour)).toBe(false);
  expect(await clock.passUntil(Promise.reject(new Error("over is over")), hour)).toBe(true);
});

test("a sleep that is called off rejects with the reason and leaves no alarm", async () => {
  const clock = new VirtualClock();
  const called = new AbortController();
  const sleeping = clock.sleep(hour, called.signal);
  called.abort(new Error("called off"));
  await expect(sleeping).rejects.toThrow("called off");
  expect(clock.pending).toBe(0);
});
