import { expect, it } from "vitest";
import { TokenBucket } from "../../../../src/provider/kubernetes/token-bucket.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

/** When each of so many that come at once has its turn, in milliseconds. */
async function turns(bucket: TokenBucket, clock: VirtualClock, count: number): Promise<number[]> {
  const all = Promise.all(
    Array.from({ length: count }, async () => {
      await bucket.take();
      return clock.monotonic();
    }),
  );
  await clock.passUntil(all, 60_000);
  return await all;
}

it("lets a burst through at once, and the others one after the other at the rate", async () => {
  const clock = new VirtualClock();
  const bucket = new TokenBucket({ perSecond: 10, burst: 3, clock });
  expect(await turns(bucket, clock, 6)).toEqual([0, 0, 0, 100, 200, 300]);
});

it("is as it was after a pause as long as the burst takes", async () => {
  const clock = new VirtualClock();
  const bucket = new TokenBucket({ perSecond: 10, burst: 3, clock });
  await turns(bucket, clock, 4);
  await clock.passUntil(clock.sleep(900), 60_000);
  expect(await turns(bucket, clock, 4)).toEqual([1000, 1000, 1000, 1100]);
});

it("ends a wait with its reason", async () => {
  const clock = new VirtualClock();
  const bucket = new TokenBucket({ perSecond: 1, burst: 1, clock });
  await bucket.take();
  const giveUp = new AbortController();
  const waiting = bucket.take(giveUp.signal);
  giveUp.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
});
