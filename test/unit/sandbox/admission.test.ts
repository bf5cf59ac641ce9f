import { expect, test, vi } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { Admission } from "../../../src/sandbox/admission/admission.ts";
import { codeOf } from "../../support/memory-controller.ts";

const gigabyte = 1024 ** 3;
const patience = () => ({ patienceMs: 5_000, signal: new AbortController().signal });

function admission(change: Partial<ConstructorParameters<typeof Admission>[0]> = {}) {
  return new Admission({
    starting: 1,
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
    { group: "first", background: false },
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
    queue.run({ group, background }, async () => order.push(name), patience());
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

test("no more start at once than may, and a failure makes room too", async () => {
  const queue = admission({ starting: 3 });
  let running = 0;
  let most = 0;
  const starts = Array.from({ length: 12 }, (_, at) =>
    queue.run(
      { group: String(at % 2), background: false },
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

test("who waits for longer than its patience is refused as overloaded and never starts", async () => {
  const queue = admission();
  const first = holds(queue);
  await first.begun;
  const start = vi.fn(async () => undefined);
  const { signal } = new AbortController();
  expect(await codeOf(queue.run({ group: "a", background: false }, start, { patienceMs: 20, signal }))).toBe(
    "overloaded",
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
  const waiting = queue.run({ group: "a", background: false }, async () => "ran", {
    patienceMs: 5_000,
    signal: caller.signal,
  });
  caller.abort(new Error("called off"));
  await expect(waiting).rejects.toThrow("called off");
  first.release();
  await first.over;
  const late = new AbortController();
  const begun = queue.run(
    { group: "a", background: false },
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
  const queue = admission({ starting: 2, availableMemory: async () => available });
  const started: string[] = [];
  const add = (name: string) =>
    queue.run({ group: name, background: false }, async () => void started.push(name), patience());
  const one = add("one");
  await systemClock.sleep(150);
  expect(started).toEqual([]);
  available = 2 * gigabyte;
  await Promise.all([one, add("two")]);
  expect(started.toSorted()).toEqual(["one", "two"]);
});
