import { expect, test } from "vitest";
import { SingleFlight } from "../../../src/snapshot/single-flight.ts";

/** Work that ends when it is told to, or when it is called off and had time to tidy up. */
function work() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const tidied = Promise.withResolvers<void>();
  let runs = 0;
  let calledOff = false;
  const run = (signal: AbortSignal) => {
    runs++;
    signal.addEventListener("abort", () => {
      calledOff = true;
      void tidied.promise.then(() => reject(signal.reason));
    });
    return promise;
  };
  return { run, resolve, reject, tidied: tidied.resolve, runs: () => runs, calledOff: () => calledOff };
}

test("who asks for a key meanwhile gets the one result; who asks later starts anew", async () => {
  const flights = new SingleFlight<string>();
  const one = work();
  const asked = [flights.run("k", one.run), flights.run("k", one.run)];
  one.resolve("r");
  expect(await Promise.all(asked)).toEqual(["r", "r"]);
  expect(one.runs()).toBe(1);
  expect(await flights.run("k", async () => "later")).toBe("later");
});

test("a failure is told to all, and is not kept", async () => {
  const flights = new SingleFlight<string>();
  const one = work();
  const asked = Promise.allSettled([flights.run("k", one.run), flights.run("k", one.run)]);
  one.reject(new Error("no"));
  expect((await asked).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(await flights.run("k", async () => "now")).toBe("now");
});

test("keys do not wait for each other", async () => {
  const flights = new SingleFlight<string>();
  void flights.run("slow", () => new Promise(() => {}));
  expect(await flights.run("fast", async () => "r")).toBe("r");
});

test("one that leaves does not take the work from those who stay", async () => {
  const flights = new SingleFlight<string>();
  const one = work();
  const leaving = new AbortController();
  const left = flights.run("k", one.run, leaving.signal);
  const stays = flights.run("k", one.run, new AbortController().signal);
  leaving.abort(new Error("left"));
  await expect(left).rejects.toThrow("left");
  expect(one.calledOff()).toBe(false);
  one.resolve("r");
  expect(await stays).toBe("r");
});

test("when all have left the work is called off, and who comes then waits until it is tidied up", async () => {
  const flights = new SingleFlight<string>();
  const [one, two] = [work(), work()];
  const leaving = new AbortController();
  const left = Promise.allSettled([
    flights.run("k", one.run, leaving.signal),
    flights.run("k", one.run, leaving.signal),
  ]);
  leaving.abort(new Error("left"));
  expect((await left).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(one.calledOff()).toBe(true);
  const late = flights.run("k", two.run);
  await new Promise((resolve) => setImmediate(resolve));
  expect(two.runs()).toBe(0);
  one.tidied();
  two.resolve("anew");
  expect(await late).toBe("anew");
});

test("who has left already starts nothing", async () => {
  const one = work();
  const gone = AbortSignal.abort(new Error("gone"));
  await expect(new SingleFlight<string>().run("k", one.run, gone)).rejects.toThrow("gone");
  expect(one.runs()).toBe(0);
});
