import { describe, expect, test } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { noMeasures } from "../../../src/core/measures.ts";
import { BusyRate } from "../../../src/sandbox/admission/busy-rate.ts";
import { secondsUntilRoom } from "../../../src/sandbox/admission/retry-after.ts";
import { WaitingRoom } from "../../../src/sandbox/admission/waiting-room.ts";

const waitingRoom = (places: number, startsPerSecond?: number) =>
  new WaitingRoom({ places, clock: systemClock, measures: noMeasures, startsPerSecond: () => startsPerSecond });

const of = (key: string, group = "") => ({ key, group });
const patienceMs = 540_000;

/** How many of a key and group get in until one is refused. */
function letIn(room: WaitingRoom, key: string, group = ""): number {
  for (let count = 0; ; count++) {
    try {
      room.enter(of(key, group), patienceMs);
    } catch (error) {
      expect(error).toMatchObject({ code: "overloaded", retryable: true });
      return count;
    }
  }
}

describe("a waiting room", () => {
  test("has no more in it than it has places, and a place again for each that leaves, once", () => {
    const room = waitingRoom(3);
    const [first] = [room.enter(of("a"), patienceMs), room.enter(of("b"), patienceMs), room.enter(of("c"), patienceMs)];
    expect(() => room.enter(of("d"), patienceMs)).toThrow(/3 rollouts wait/);
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    room.enter(of("d"), patienceMs);
    expect(() => room.enter(of("e"), patienceMs)).toThrow(/3 rollouts wait/);
    expect(room.size).toBe(3);
  });

  test("keeps the last tenth of its places from a key and from a group that has more than a tenth", () => {
    const room = waitingRoom(100);
    expect(letIn(room, "greedy", "g")).toBe(90);
    expect(letIn(room, "greedy", "other")).toBe(0);
    expect(letIn(room, "modest")).toBe(10);
    expect(room.size).toBe(100);
  });

  test("takes back those that it had let in before a restart, however many", () => {
    const room = waitingRoom(1);
    room.readmit(of("a"));
    room.readmit(of("a"));
    expect(room.size).toBe(2);
    expect(letIn(room, "b")).toBe(0);
  });

  test("refuses at once whose turn would come after its deadline, and says when to come again", () => {
    const room = waitingRoom(1000, 2);
    for (let count = 0; count < 100; count++) room.enter(of("a", "large"), patienceMs);
    expect(() => room.enter(of("a", "large"), 40_000)).toThrow(
      expect.objectContaining({ code: "queue_deadline", retryAfterSeconds: 5 }),
    );
    room.enter(of("a", "large"), 60_000);
    expect(room.size).toBe(101);
  });

  test("knows that keys and groups take turns: who has none waiting is not far behind a crowd", () => {
    const room = waitingRoom(1000, 1);
    for (let count = 0; count < 100; count++) room.enter(of("a", "large"), patienceMs);
    room.enter(of("a", "small"), 2_000);
    room.enter(of("b"), 3_000);
    expect(() => room.enter(of("a", "large"), 3_000)).toThrow(/later than/);
  });

  test("lets everyone in while nobody knows how fast it goes", () => {
    const room = waitingRoom(1000);
    for (let count = 0; count < 500; count++) room.enter(of("a"), 1_000);
    expect(room.size).toBe(500);
  });
});

describe("the rate at which those that wait have their turn", () => {
  function rate() {
    let now = 0;
    const measured = new BusyRate({ monotonic: () => now });
    return { measured, pass: (ms: number) => (now += ms) };
  }

  test("is taken over the time in which somebody waited", () => {
    const { measured, pass } = rate();
    for (let turn = 0; turn < 20; turn++) {
      measured.busy(true);
      pass(100);
      measured.note();
      measured.busy(false);
      pass(60_000);
    }
    expect(measured.perSecond()).toBeCloseTo(10.5);
  });

  test("is unknown at first, and falls while those that wait have no turn", () => {
    const { measured, pass } = rate();
    expect(measured.perSecond()).toBeUndefined();
    measured.busy(true);
    pass(500);
    expect(measured.perSecond()).toBeUndefined();
    pass(9_500);
    expect(measured.perSecond()).toBeCloseTo(0.1);
    pass(90_000);
    expect(measured.perSecond()).toBeCloseTo(0.01);
  });

  test("makes of the places how long one waits until a tenth of them is free, five minutes at most", () => {
    expect([
      secondsUntilRoom(100, undefined),
      secondsUntilRoom(100, 2),
      secondsUntilRoom(1, 50),
      secondsUntilRoom(1000, 0.01),
    ]).toEqual([5, 5, 1, 300]);
  });
});
