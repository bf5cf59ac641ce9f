import { expect, test } from "vitest";
import type { RolloutEvent } from "../../../src/model/trajectory.ts";
import { EventHub } from "../../../src/rollout/event-hub.ts";

const present =
  (status: string, ended = false) =>
  async () => ({ event: { type: "status" as const, status }, ended });
const progress = (message: string) => ({ type: "progress" as const, phase: "test", message });
const words = (event: RolloutEvent | undefined) =>
  event?.type === "status" ? event.status : event?.type === "progress" ? event.message : event?.type;

function open(hub: EventHub, state = present("active")) {
  const controller = new AbortController();
  const stream = hub.listen("r", controller.signal, state)[Symbol.asyncIterator]();
  return {
    leave: () => controller.abort(),
    next: async () => words((await stream.next()).value as RolloutEvent | undefined),
    rest: async () => {
      const seen: (string | undefined)[] = [];
      for (let next = await stream.next(); next.done !== true; next = await stream.next()) seen.push(words(next.value));
      return seen;
    },
    close: () => stream.return?.(),
  };
}

test("a stream begins with the present status and goes on with what happens, with its time", async () => {
  const hub = new EventHub(() => Date.UTC(2026, 0, 1));
  const stream = hub.listen("r", new AbortController().signal, present("active"))[Symbol.asyncIterator]();
  expect((await stream.next()).value).toEqual({ type: "status", at: "2026-01-01T00:00:00.000Z", status: "active" });
  hub.publish("r", progress("one"));
  hub.publish("another", progress("not ours"));
  hub.end("r");
  expect((await stream.next()).value).toMatchObject({ message: "one", at: "2026-01-01T00:00:00.000Z" });
  expect((await stream.next()).done).toBe(true);
});

test("nothing that happens while the present status is looked up is missed", async () => {
  const hub = new EventHub(Date.now);
  const stream = open(hub, async () => {
    hub.publish("r", progress("meanwhile"));
    hub.end("r");
    return await present("active")();
  });
  expect(await stream.rest()).toEqual(["active", "meanwhile"]);
});

test("nothing that happens while a reader is busy is missed", async () => {
  const hub = new EventHub(Date.now);
  const stream = open(hub);
  await stream.next();
  for (const message of ["a", "b", "c"]) hub.publish("r", progress(message));
  expect(await stream.next()).toBe("a");
  hub.publish("r", progress("d"));
  hub.end("r");
  expect(await stream.rest()).toEqual(["b", "c", "d"]);
});

test("a stream of what has ended is over after its status", async () => {
  const hub = new EventHub(Date.now);
  expect(await open(hub, present("closed", true)).rest()).toEqual(["closed"]);
  expect(hub.listeners).toBe(0);
});

test("of what a slow reader cannot take the oldest is dropped, so that it learns how it ended", async () => {
  const hub = new EventHub(Date.now);
  const stream = open(hub);
  await stream.next();
  for (let n = 0; n < 5_000; n++) hub.publish("r", progress(String(n)));
  hub.publish("r", { type: "status", status: "closed" });
  hub.end("r");
  const seen = await stream.rest();
  expect(seen).toHaveLength(1_000);
  expect(seen.slice(-2)).toEqual(["4999", "closed"]);
});

test("every reader gets every event, and one that leaves takes nothing from the others", async () => {
  const hub = new EventHub(Date.now);
  const [stays, leaves] = [open(hub), open(hub)];
  await Promise.all([stays.next(), leaves.next()]);
  hub.publish("r", progress("both"));
  expect([await stays.next(), await leaves.next()]).toEqual(["both", "both"]);
  leaves.leave();
  expect(await leaves.rest()).toEqual([]);
  hub.publish("r", progress("one"));
  hub.end("r");
  expect(await stays.rest()).toEqual(["one"]);
});

test.for(["aborts and never asks again", "returns", "aborts while it waits", "was aborted before"])(
  "nothing is kept for a reader that %s",
  async (how) => {
    const hub = new EventHub(Date.now);
    const stream = open(hub);
    if (how === "was aborted before") {
      stream.leave();
      expect(await stream.rest()).toEqual(["active"]);
    } else {
      await stream.next();
      expect(hub.listeners).toBe(1);
      if (how === "returns") await stream.close();
      const waiting = how === "aborts while it waits" ? stream.rest() : undefined;
      stream.leave();
      expect(await waiting).toEqual(waiting && []);
    }
    expect(hub.listeners).toBe(0);
  },
);

test("a status that cannot be read ends the stream with that failure and keeps nothing", async () => {
  const hub = new EventHub(Date.now);
  const stream = open(hub, () => Promise.reject(new Error("no store")));
  await expect(stream.next()).rejects.toThrow("no store");
  expect(hub.listeners).toBe(0);
});
