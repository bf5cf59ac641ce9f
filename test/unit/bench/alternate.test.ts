import { describe, expect, it } from "vitest";
import { alternate, AnswersDiffer, type Side } from "../../../src/bench/alternate.ts";

/** A side that tells when it works, and measures 1, 2, 3, … */
function side(name: string, told: string[], answers: (nth: number) => string = () => "same", task = "work"): Side {
  let count = 0;
  return {
    name,
    task,
    sample: async () => {
      told.push(name);
      count += 1;
      return { value: count, answer: answers(count) };
    },
  };
}

describe("the alternation", () => {
  it("gives each side its turn, block by block, after the warm-up of all", async () => {
    const told: string[] = [];
    await alternate([side("A", told), side("B", told)], { warmUp: 1, blocks: 3, perBlock: 2 });
    expect(told.join("")).toBe("ABAABBAABBAABB");
  });

  it("counts every sample but those of the warm-up, in the order of the sides", async () => {
    const values = await alternate([side("A", []), side("B", [])], { warmUp: 2, blocks: 2, perBlock: 2 });
    expect(values).toEqual([
      [3, 4, 5, 6],
      [3, 4, 5, 6],
    ]);
  });

  it("measures one side alone", async () => {
    expect(await alternate([side("A", [])], { warmUp: 0, blocks: 2, perBlock: 1 })).toEqual([[1, 2]]);
  });

  it("refuses at the first sample that differs, and does no more work", async () => {
    const told: string[] = [];
    const sides = [side("A", told), side("B", told, (nth) => (nth === 3 ? "other" : "same"))];
    const run = alternate(sides, { warmUp: 1, blocks: 5, perBlock: 2 });
    await expect(run).rejects.toThrow(AnswersDiffer);
    expect(told.join("")).toBe("ABAABB");
  });

  it("refuses what differs in the warm-up, too", async () => {
    const sides = [side("A", []), side("B", [], (nth) => (nth === 1 ? "other" : "same"))];
    await expect(alternate(sides, { warmUp: 1, blocks: 1, perBlock: 1 })).rejects.toThrow(AnswersDiffer);
  });

  it("refuses a side that does not agree with itself", async () => {
    const run = alternate([side("A", [], String)], { warmUp: 0, blocks: 1, perBlock: 2 });
    await expect(run).rejects.toThrow("The answers to work differ, so nothing is reported.\n  A: 1\n  A: 2");
  });

  it("compares only sides of the same task", async () => {
    const sides = [side("A", [], () => "read", "reading"), side("B", [], () => "found", "searching")];
    await expect(alternate(sides, { warmUp: 0, blocks: 1, perBlock: 1 })).resolves.toEqual([[1], [1]]);
  });

  it("says what the two answers were, cut to what can be read", async () => {
    const long = "x".repeat(10_000);
    const sides = [side("Berth", []), side("Docker", [], () => long)];
    const failure = await alternate(sides, { warmUp: 0, blocks: 1, perBlock: 1 }).catch(
      (error: Error) => error.message,
    );
    expect(failure).toContain("  Berth: same\n  Docker: xxx");
    expect(String(failure).length).toBeLessThan(1000);
  });
});
