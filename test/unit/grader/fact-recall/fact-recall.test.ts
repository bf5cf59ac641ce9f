import { describe, expect, test } from "vitest";
import { findPhrase, readClauses } from "../../../../src/grader/fact-recall/find-phrase.ts";
import { wordsOf } from "../../../../src/grader/fact-recall/words-of.ts";
import { gradeInFolder } from "../../../support/graded-folder.ts";
import { JudgeEndpoint, outsideTheDelimiters } from "../../../support/judge-endpoint.ts";

const facts = [
  { id: "port", text: "The server listens on port 7420.", match: ["port 7420"], distractors: ["port 8080"] },
  { id: "timeout", text: "Calls time out after 1,500 ms.", match: ["1500 ms"] },
  { id: "class", text: "ReadBuffer::flush() is never called.", match: ["ReadBuffer::flush() is never called"] },
  { id: "lock", text: "The lock is taken twice.", match: [] },
];
const spec = { type: "fact_recall", facts, characters_per_fact: 100 };

const verdictOf = (answer: string, { judge = false, ...more }: { judge?: boolean; [field: string]: unknown } = {}) =>
  gradeInFolder({ ...spec, judge, ...more }, { base: {}, answer });

describe("without a judge", () => {
  test.for([
    ["names two of four", "It listens on **port 7420** and calls end after 1500ms.", 0.5],
    ["repeats a sentence word for word", "the lock is taken twice", 0.25],
    ["writes numbers as others do", "Timeout: 1 500 ms; and `ReadBuffer::flush()` is never called!", 0.5],
    ["says nothing of them", "I looked at the code and it is fine.", 0],
    ["denies one", "It is not port 7420.", 0],
    ["has the words in a longer number", "It is port 74201, after 11500 ms.", 0],
  ] as const)("an answer that %s gets its share", async ([, answer, reward]) => {
    expect(await verdictOf(answer)).toMatchObject({ status: "scored", reward });
  });

  test("an answer that says a fact and its opposite has said neither, and pays for it", async () => {
    const verdict = await verdictOf("It is port 7420, or port 8080. The timeout is 1500 ms.");
    expect(verdict).toMatchObject({ reward: 0.125, flags: ["hedged_answer"] });
  });

  test("an answer that says much beside its facts loses in proportion, and one that lists everything all", async () => {
    const filler = (lines: number) => Array.from({ length: lines }, (_, n) => `Perhaps port ${n} matters.`).join(" ");
    const all = "port 7420, 1500 ms, ReadBuffer::flush() is never called, the lock is taken twice.";
    const { reward } = await verdictOf(`${all} ${filler(80)}`);
    expect(reward).toBeGreaterThan(0.1);
    expect(reward).toBeLessThan(0.4);
    expect(await verdictOf(`${all} ${filler(400)}`)).toMatchObject({ reward: 0, flags: ["over_answered"] });
    expect(await verdictOf(all)).toMatchObject({ reward: 1 });
  });

  test("an answer that hides its length loses as much", async () => {
    const all = "port 7420, 1500 ms, ReadBuffer::flush() is never called, the lock is taken twice.";
    const verdict = await verdictOf(`${all}${"\u200b".repeat(4000)}`);
    expect(verdict).toMatchObject({ reward: 0, flags: ["hidden_characters", "over_answered"] });
  });

  test.for(["", "Thought process:", "."])("%j is 0, flagged", async (answer) => {
    const verdict = await verdictOf(answer);
    expect(verdict).toMatchObject({ status: "scored", reward: 0 });
    expect(verdict).toHaveProperty("flags.length", 1);
  });
});

describe("with a judge", () => {
  const withJudge = async (endpoint: JudgeEndpoint, answer: string, more: object = {}) =>
    gradeInFolder({ ...spec, votes: 1, ...more }, { base: {}, answer, judge: endpoint.judge({ retries: 0 }) });

  test("only what words leave open is asked, in one question, by numbers", async () => {
    await using endpoint = await JudgeEndpoint.listen(() => ({
      content: '{"fact_1": true, "fact_2": false, "fact_3": true}',
    }));
    const verdict = await withJudge(
      endpoint,
      "On port 7420; it gives up after one and a half seconds; it locks again.",
    );
    expect(verdict).toMatchObject({ reward: 0.75 });
    expect(verdict.parts[0]?.evidence).toMatchObject({
      by_words: ["port"],
      by_judge: ["timeout", "lock"],
      missing: ["class"],
    });
    expect(endpoint.asked).toHaveLength(1);
    expect(endpoint.asked[0]?.system).toContain("fact_1: Calls time out after 1,500 ms.");
    expect(endpoint.asked[0]?.system).not.toContain("port 7420");
    expect(outsideTheDelimiters(endpoint.asked[0]!)).toBe("");
  });

  test("the majority decides on each fact", async () => {
    await using endpoint = await JudgeEndpoint.listen((_, nth) => ({
      content: JSON.stringify({ fact_1: nth > 0, fact_2: nth === 0, fact_3: true }),
    }));
    const verdict = await withJudge(endpoint, "On port 7420.", { votes: 3 });
    expect(verdict.parts[0]?.evidence).toMatchObject({ by_judge: ["timeout", "lock"], disputed: 2 });
  });

  test("a judge cannot bring back what a distractor took", async () => {
    await using endpoint = await JudgeEndpoint.listen(() => ({
      content: '{"fact_1": true, "fact_2": true, "fact_3": true}',
    }));
    const verdict = await withJudge(endpoint, "On port 7420 or port 8080.");
    expect(verdict.parts[0]?.evidence).toMatchObject({ recall: 0.75, contradicted: ["port"] });
  });

  test.for(['{"fact_1": true}', '{"fact_1":"yes","fact_2":1,"fact_3":null}', "all of them"])(
    "a judge that says %s leaves the rollout unscored",
    async (content) => {
      await using endpoint = await JudgeEndpoint.listen(() => ({ content }));
      expect(await withJudge(endpoint, "On port 7420.")).toMatchObject({
        status: "unscored",
        reason: { cause: "grader" },
      });
    },
  );
});

test.for([
  ["1,000 ms", "1000ms"],
  ["O(n log n)", "o n log n"],
  ["It doesn\u2019t", "it does not"],
  ["`foo_bar.baz()`", "foo_bar.baz"],
  ["5.0%", "5 percent"],
  ["C++", "c++"],
  ["**\u22125.5%**", "minus 5.5 percent"],
  ["(-\u20ac1,200)", "minus \u20ac1200"],
  ["the years 2021-23", "the years 2021\u201323"],
] as const)("%s and %s are the same words", ([one, other]) => {
  expect(wordsOf(one)).toEqual(wordsOf(other));
});

test("a number with a minus before it is not the number without one", () => {
  expect(findPhrase(readClauses("It changed by -5.5%."), "changed by 5.5%")).toBeUndefined();
  expect(findPhrase(readClauses("It changed by 5.5%."), "changed by -5.5%")).toBeUndefined();
  expect(findPhrase(readClauses("It changed by `\u22125.5 %`."), "changed by -5.5%")).toBe("said");
});

test("a phrase is said when it stands anywhere without a denial before it", () => {
  expect(findPhrase(readClauses("It is not A B, it is really and truly A B"), "a b")).toBe("said");
  expect(findPhrase(readClauses("never a b"), "A B")).toBe("denied");
  expect(findPhrase(readClauses("a c b"), "A B")).toBeUndefined();
  expect(findPhrase(readClauses(""), "...")).toBeUndefined();
});
