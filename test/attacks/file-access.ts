import type { Guest } from "../../src/guest/guest.ts";

const patience = { timeoutMs: 8_000 };

/** What every reading ability of a guest gives for a path, one after the other; a refusal is its message. */
export async function everyRead(guest: Guest, path: string): Promise<string> {
  const bounds = { maxMatches: 100, maxBytes: 65_536, timeoutMs: 5_000 };
  const asked = [
    guest.read(path, { limit: 65_536 }, patience).then(({ bytes }) => bytes.toString("latin1")),
    guest.lines(path, { start: 1, count: 100, maxBytes: 65_536 }, patience).then(({ text }) => text),
    guest.grep({ pattern: "flag-", path, ...bounds }, patience).then(({ matches }) => JSON.stringify(matches)),
    guest.list(path, { depth: 3, limit: 1_000 }, patience).then(({ entries }) => JSON.stringify(entries)),
    guest.glob({ pattern: "**", path, limit: 1_000 }, patience).then(({ paths }) => JSON.stringify(paths)),
  ];
  return (await Promise.all(asked.map((answer) => answer.catch(String)))).join("\n");
}

/** Whether work answers, with whatever, in some seconds. */
export async function answersWithin(seconds: number, work: () => Promise<unknown>): Promise<boolean> {
  const late = Symbol("late");
  const { promise, resolve } = Promise.withResolvers<typeof late>();
  const timer = setTimeout(() => resolve(late), seconds * 1000);
  try {
    return (await Promise.race([work().catch(String), promise])) !== late;
  } finally {
    clearTimeout(timer);
  }
}
