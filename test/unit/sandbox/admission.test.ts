import { expect, test, vi } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { noMeasures } from "../../../src/core/measures.ts";
import { Admission } from "../../../src/sandbox/admission/admission.ts";
import { codeOf } from "../../support/memory-controller.ts";

const gigabyte = 1024 ** 3;
const patience = () => ({ patienceMs: 5_000, signal: new AbortController().signal });

function admission(change: Partial<ConstructorParameters<typeof Admission>[0]> = {}) {
  return new Admission({
    starting: 1,
    gradings: 1,
    measures: noMeasures,
    memoryFloor: gigabyte,
    availableMemory: async () => undefined,
    clock: systemClock,
    ...change,
  });
}

/** Holds the only place until it is let go. */
function holds(queue: Admission) {
  const held = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const over = queue.run(
    { key: "k", group: "first", background: false },
    async () => {
      begun.resolve();
      await held.promise;
    },
    patience(),
  );
  return { begun: begun.promise, release: held.resolve, over };
}

test("groups take turns however many each has waiting, and what is in the background comes last", async () => {
  const queue = admission();
  const first = holds(queue);
  await first.begun;
  const order: string[] = [];
  const add = (group: string, name: string, background = false) =>
    queue.run({ key: "k", group, background }, async () => order.push(name), patience());
  const all = [
    add("pool", "pool", true),
    ...["a1", "a2", "a3"].map((name) => add("a", name)),
    ...["b1", "b2"].map((name) => add("b", name)),
    add("c", "c1"),
  ];
  expect(queue.waiting).toBe(all.length);
  first.release();
  await Promise.all([first.over, ...all]);
  expect(order).toEqual(["a1", "b1", "c1", "a2", "b2", "a3", "pool"]);
});

test("keys take turns however many groups each has, and its groups take turns in each", async () => {
  const queue = admission();
  const first = holds(queue);
  await first.begun;
  const order: string[] = [];
  const add = (key: string, group: string, name: string) =>
    queue.run({ key, group, background: false }, async () => order.push(name), patience());
  const all = [
    ...["1", "2", "3"].flatMap((group) => [
      add("crowd", group, `crowd-${group}`),
      add("crowd", group, `crowd-${group}`),
    ]),
    add("one", "1", "one"),
    add("one", "1", "one"),
  ];
  first.release();
  await Promise.all([first.over, ...all]);
  expect(order).toEqual(["crowd-1", "one", "crowd-2", "one", "crowd-3", "crowd-1", "crowd-2", "crowd-3"]);
});

test("no more start at once than may, and a failure makes room too", async () => {
  const queue = admission({ starting: 3 });
  let running = 0;
  let most = 0;
  const starts = Array.from({ length: 12 }, (_, at) =>
    queue.run(
      { key: "k", group: String(at % 2), background: false },
      async () => {
        most = Math.max(most, ++running);
        await systemClock.sleep(1);
        running--;
        if (at % 4 === 0) throw new Error("no");
      },
      patience(),
    ),
  );
  const results = await Promise.allSettled(starts);
  expect([most, results.filter(({ status }) => status === "rejected").length]).toEqual([3, 3]);
});

test("who waits for longer than its patience is refused with its deadline and never starts", async () => {
  const queue = admission();
  const first = holds(queue);
  await first.begun;
  const start = vi.fn(async () => undefined);
  const { signal } = new AbortController();
  expect(await codeOf(queue.run({ key: "k", group: "a", background: false }, start, { patienceMs: 20, signal }))).toBe(
    "queue_deadline",
  );
  first.release();
  await first.over;
  expect(queue.waiting).toBe(0);
  expect(start).not.toHaveBeenCalled();
});

test("who is called off while it waits leaves the queue; once begun, only the work hears it", async () => {
  const queue = admission();
  const caller = new AbortController();
  const first = holds(queue);
  await first.begun;
  const waiting = queue.run({ key: "k", group: "a", background: false }, async () => "ran", {
    patienceMs: 5_000,
    signal: caller.signal,
  });
  caller.abort(new Error("called off"));
  await expect(waiting).rejects.toThrow("called off");
  first.release();
  await first.over;
  const late = new AbortController();
  const begun = queue.run(
    { key: "k", group: "a", background: false },
    async () => {
      late.abort(new Error("too late"));
      return "ran";
    },
    { patienceMs: 5_000, signal: late.signal },
  );
  expect(await begun).toBe("ran");
});

test("none starts while the machine is short of memory, and those that start count for what they will take", async () => {
  let available = 0.5 * gigabyte;
  const looks = vi.fn(async () => available);
  const queue = admission({ starting: 2, availableMemory: looks });
  const started: string[] = [];
  const add = (name: string) =>
    queue.run({ key: "k", group: name, background: false }, async () => void started.push(name), patience());
  const one = add("one");
  await vi.waitFor(() => expect(looks.mock.calls.length).toBeGreaterThanOrEqual(3));
  expect(started).toEqual([]);
  available = 2 * gigabyte;
  await Promise.all([one, add("two")]);
  expect(started.toSorted()).toEqual(["one", "two"]);
});

test("gradings go on in memory that no rollout takes, and one of them whatever is left", async () => {
  let available = 0.75 * gigabyte;
  const looks = vi.fn(async () => available);
  const queue = admission({ gradings: 3, availableMemory: looks });
  const rollout = queue.run({ key: "k", group: "g", background: false }, async () => "started", patience());
  const grading = (work: () => Promise<unknown>) => queue.grade({ key: "k", group: "g" }, work, patience());
  expect(await Promise.all([grading(async () => "one"), grading(async () => "two")])).toEqual(["one", "two"]);
  available = 0.1 * gigabyte;
  let atWork = 0;
  let most = 0;
  const counted = async () => {
    most = Math.max(most, ++atWork);
    await systemClock.sleep(1);
    atWork--;
  };
  await Promise.all([1, 2, 3, 4, 5].map(() => grading(counted)));
  expect(most).toBe(1);
  available = 2 * gigabyte;
  expect(await rollout).toBe("started");
});

test("gradings wait for no rollout that starts, and no more are at work than may", async () => {
  const queue = admission({ gradings: 2 });
  const first = holds(queue);
  await first.begun;
  let atWork = 0;
  let most = 0;
  const grade = () =>
    queue.grade(
      { key: "k", group: "g" },
      async () => {
        most = Math.max(most, ++atWork);
        await systemClock.sleep(1);
        atWork--;
      },
      patience(),
    );
  await Promise.all([1, 2, 3, 4, 5, 6].map(grade));
  expect(most).toBe(2);
  first.release();
  await first.over;
});
