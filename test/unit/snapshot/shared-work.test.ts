import { expect, test } from "vitest";
import { SharedWork } from "../../../src/snapshot/shared-work.ts";

/** Work that ends when it is told to, and counts how often it was begun. */
function scripted() {
  const begun: { signal: AbortSignal; ends: PromiseWithResolvers<string> }[] = [];
  const work = (signal: AbortSignal): Promise<string> => {
    const ends = Promise.withResolvers<string>();
    begun.push({ signal, ends });
    return ends.promise;
  };
  return { begun, work };
}

test("whoever asks meanwhile shares the result, and the next one starts anew", async () => {
  const shared = new SharedWork<string>();
  const { begun, work } = scripted();
  const both = Promise.all([shared.run("key", work), shared.run("key", work)]);
  await Promise.resolve();
  begun[0]?.ends.resolve("one");
  expect(await both).toEqual(["one", "one"]);
  const next = shared.run("key", work);
  begun[1]?.ends.resolve("two");
  expect(await next).toBe("two");
});

test("one who gives up leaves at once, and the work goes on for the others", async () => {
  const shared = new SharedWork<string>();
  const { begun, work } = scripted();
  const impatient = new AbortController();
  const stays = shared.run("key", work);
  const leaves = shared.run("key", work, impatient.signal);
  impatient.abort(new Error("enough"));
  await expect(leaves).rejects.toThrow("enough");
  expect(begun[0]?.signal.aborted).toBe(false);
  begun[0]?.ends.resolve("done");
  expect(await stays).toBe("done");
});

test("when all have given up the work is told to end; the last one waits for that, and a newcomer starts anew", async () => {
  const shared = new SharedWork<string>();
  const { begun, work } = scripted();
  const impatient = new AbortController();
  const leaves = shared.run("key", work, impatient.signal);
  impatient.abort(new Error("enough"));
  expect(begun[0]?.signal.aborted).toBe(true);
  const newcomer = shared.run("key", work);
  await Promise.resolve();
  expect(begun).toHaveLength(1);
  begun[0]?.ends.reject(new Error("cut off"));
  await expect(leaves).rejects.toThrow("enough");
  await expect.poll(() => begun.length).toBe(2);
  begun[1]?.ends.resolve("done");
  expect(await newcomer).toBe("done");
});

test("who has given up already starts nothing", async () => {
  const { begun, work } = scripted();
  await expect(new SharedWork<string>().run("key", work, AbortSignal.abort(new Error("no")))).rejects.toThrow("no");
  expect(begun).toEqual([]);
});
