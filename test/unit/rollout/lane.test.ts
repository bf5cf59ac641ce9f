import fc from "fast-check";
import { expect, test } from "vitest";
import type { ToolEffect } from "../../../src/model/tool-call.ts";
import { Lane } from "../../../src/rollout/lane.ts";

/** Work that ends when it is told to, and says when it begins. */
function work(name: string, log: string[]) {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const run = () => {
    log.push(`${name} begins`);
    return promise.finally(() => log.push(`${name} ends`));
  };
  return { run, end: () => resolve(name), fail: () => reject(new Error(name)) };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("reads run together", async () => {
  const lane = new Lane();
  const log: string[] = [];
  const [a, b] = [work("a", log), work("b", log)];
  const results = [lane.run("read", a.run), lane.run("read", b.run)];
  await settled();
  expect(log).toEqual(["a begins", "b begins"]);
  a.end();
  b.end();
  expect(await Promise.all(results)).toEqual(["a", "b"]);
});

test("a write waits for the reads before it, and what comes after waits for the write", async () => {
  const lane = new Lane();
  const log: string[] = [];
  const [read, write, late] = [work("read", log), work("write", log), work("late", log)];
  const results = [lane.run("read", read.run), lane.run("write", write.run), lane.run("read", late.run)];
  await settled();
  expect(log).toEqual(["read begins"]);
  read.end();
  await settled();
  expect(log).toEqual(["read begins", "read ends", "write begins"]);
  write.end();
  await settled();
  expect(log.at(-1)).toBe("late begins");
  late.end();
  await Promise.all(results);
});

test("a failure ends its own call only, also one that is thrown at once", async () => {
  const lane = new Lane();
  const failed = lane.run("write", () => {
    throw new Error("at once");
  });
  await expect(failed).rejects.toThrow("at once");
  await expect(lane.run("read", () => Promise.reject(new Error("later")))).rejects.toThrow("later");
  expect(await lane.run("write", async () => "fine")).toBe("fine");
  await lane.idle();
});

test("a lane is idle when all that was given to it has ended", async () => {
  const lane = new Lane();
  const log: string[] = [];
  const [write, read] = [work("write", log), work("read", log)];
  const results = [lane.run("write", write.run), lane.run("read", read.run)];
  let idle = false;
  const waiting = lane.idle().then(() => (idle = true));
  write.end();
  await settled();
  expect(idle).toBe(false);
  read.end();
  await waiting;
  await Promise.all(results);
});

test("in any mix of calls a write is alone, reads overlap and nobody overtakes", async () => {
  const call = fc.record({ effect: fc.constantFrom<ToolEffect>("read", "write"), fails: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 30 }), fc.scheduler(), async (calls, scheduler) => {
      const lane = new Lane();
      const begun: number[] = [];
      const running = new Map<number, ToolEffect>();
      const results = calls.map(({ effect, fails }, index) =>
        lane
          .run(effect, async () => {
            begun.push(index);
            running.set(index, effect);
            const together = [...running.values()];
            expect(together.includes("write") ? together.length : 1).toBe(1);
            await scheduler.schedule(Promise.resolve());
            running.delete(index);
            if (fails) throw new Error(String(index));
            return index;
          })
          .then(
            (value) => expect(fails || value !== index).toBe(false),
            (error: unknown) => expect(fails && (error as Error).message === String(index)).toBe(true),
          ),
      );
      await scheduler.waitFor(Promise.all(results));
      expect(begun).toEqual(calls.map((_, index) => index));
      await lane.idle();
    }),
    { numRuns: 200 },
  );
});
