import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const src = join(import.meta.dirname, "../../src");

/** What the simulation runs on a clock and ids of its own. The lock of a data directory is between real processes. */
const simulated = ["rollout", "sandbox"].flatMap((layer) =>
  readdirSync(join(src, layer), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && name !== "controller-lock.ts")
    .map((name) => join(src, layer, name)),
);

const real =
  /\b(?:setTimeout|setInterval|Date\.now|new Date\(\)|performance\.now|Math\.random|randomUUID|randomBytes|AbortSignal\.timeout|systemClock|systemIds)\b/g;

/** The text of each call of a function, its arguments included. */
function callsOf(name: string, text: string): string[] {
  return [...text.matchAll(new RegExp(`\\b${name}\\(`, "g"))].map(({ index }) => {
    let depth = 0;
    let end = index + name.length;
    do {
      if (text[end] === "(") depth++;
      if (text[end] === ")") depth--;
      end++;
    } while (depth > 0 && end < text.length);
    return text.slice(index, end);
  });
}

test("rollouts and sandboxes take time and chance from what is injected", () => {
  expect(simulated.length).toBeGreaterThan(30);
  const found = simulated.flatMap((file) => {
    const text = readFileSync(file, "utf8");
    return [...text.matchAll(real)].map(([token]) => `${file}: ${token}`);
  });
  expect(found).toEqual([]);
});

test("every deadline of rollouts and sandboxes runs on the injected clock", () => {
  const calls = simulated.flatMap((file) => callsOf("withDeadline", readFileSync(file, "utf8")));
  expect(calls.length).toBeGreaterThan(10);
  expect(calls.filter((call) => !/\bclock\b/.test(call))).toEqual([]);
});
