import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { paced } from "../../../src/core/pace.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

test("reports come at most every two seconds, the latest of that moment, and none of what is over at once", () => {
  const heard: number[] = [];
  const tell = paced((n: number) => heard.push(n));
  for (let n = 1; n <= 50; n++) {
    tell(n);
    vi.advanceTimersByTime(100);
  }
  expect(heard).toEqual([21, 41]);
});
