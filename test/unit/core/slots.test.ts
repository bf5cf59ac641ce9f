import { describe, expect, test } from "vitest";
import { Slots } from "../../../src/core/slots.ts";

/** Work that ends when it is told to, and says in `begun` that it has begun. */
function workIn(begun: string[], name: string) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const work = () => {
    begun.push(name);
    return promise;
  };
  return { work, end: resolve };
}

describe("slots", () => {
  test("let as many run at once as there are, and the others in their order", async () => {
    const slots = new Slots(2);
    const begun: string[] = [];
    const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => workIn(begun, name));
    const runs = [a!, b!, c!, d!].map(({ work }) => slots.run(work));
    expect(begun).toEqual(["a", "b"]);
    b!.end();
    await runs[1];
    expect(begun).toEqual(["a", "b", "c"]);
    a!.end();
    await runs[0];
    expect(begun).toEqual(["a", "b", "c", "d"]);
    c!.end();
    d!.end();
    await Promise.all(runs);
  });

  test("a piece of work that fails gives its slot back", async () => {
    const slots = new Slots(1);
    await expect(slots.run(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    await expect(slots.run(async () => "next")).resolves.toBe("next");
  });

  test("one that is given up while it waits never begins, and holds up nobody", async () => {
    const slots = new Slots(1);
    const begun: string[] = [];
    const first = workIn(begun, "first");
    const running = slots.run(first.work);
    const given = new AbortController();
    const waiting = slots.run(workIn(begun, "given up").work, given.signal);
    given.abort(new Error("given up"));
    await expect(waiting).rejects.toThrow("given up");
    first.end();
    await running;
    await slots.run(async () => void begun.push("last"));
    expect(begun).toEqual(["first", "last"]);
  });
});
