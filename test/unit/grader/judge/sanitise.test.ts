import { expect, test } from "vitest";
import { appealsToJudge } from "../../../../src/grader/judge/appeal.ts";
import { clip } from "../../../../src/grader/judge/clip.ts";
import { sanitise } from "../../../../src/grader/judge/sanitise.ts";

test("what people write passes unchanged, in any script, with its emojis and accents", () => {
  for (const text of [
    "Größe × 2 ≤ naïve\n\ttabbed",
    "日本語とコード: `x < y`",
    "Łódź 👍",
    "if (a << 2 > b) <T,>() => {}",
  ])
    expect(sanitise(text)).toEqual({ text, removed: { control: 0, invisible: 0, delimiters: 0 } });
});

test("a joined emoji falls into its parts without being called hidden", () => {
  expect(sanitise("👨‍💻 ❤️")).toEqual({
    text: "👨💻 ❤",
    removed: { control: 0, invisible: 0, delimiters: 0 },
  });
});

test("terminal sequences, control characters and odd line ends are gone", () => {
  const { text, removed } = sanitise("a\u001b[31mred\u001b[0m\u0007\r\nb\u2028c\u001b]0;title\u0007");
  expect(text).toBe("ared\nb\nc");
  expect(removed.control).toBe(4);
});

test("nobody writes in characters that nobody sees", () => {
  const { text, removed } = sanitise("a\u200bb\u202ec\u00add\u{e0041}\u2800e\ufeff");
  expect(text).toBe("abcde");
  expect(removed.invisible).toBe(6);
});

test("half a character is replaced, and a heap of accents is cut", () => {
  expect(sanitise("a\ud800b").text).toBe("a\ufffdb");
  expect(sanitise(`a${"\u0301".repeat(50)}`).text).toBe(`a${"\u0301".repeat(4)}`);
});

test.for(["<", "\u0301", "\u001b]", " ", "<|", "result ", "\u200d", "👍\ufe0f", "graders "])(
  "four million characters of %j are read in one go",
  (piece) => {
    const { text } = sanitise(piece.repeat(4_000_000 / piece.length));
    expect(appealsToJudge(text)).toBe(false);
  },
);

test("a long text keeps its head and its tail, and says how much is missing", () => {
  expect(clip("a".repeat(10) + "b".repeat(10), 8)).toEqual({
    text: "aaaa\n[12 characters left out here]\nbbbb",
    clipped: 12,
  });
  expect(clip("short", 8)).toEqual({ text: "short", clipped: 0 });
});

test("engineers may write of results, scores and instructions without being said to appeal to a judge", () => {
  for (const text of [
    "The function returns the highest score of the list.",
    "I ignored the flaky test and fixed the parser.",
    "Reviewed the instructions in README.md and followed them.",
  ])
    expect(appealsToJudge(text), text).toBe(false);
});
