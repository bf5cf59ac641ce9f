import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Heard } from "../../../../src/dialects/swe-rex/bash/heard.ts";
import { atEnd, atExpected, atPrompt, firstOf } from "../../../../src/dialects/swe-rex/bash/stops.ts";
import { beginMark, commandLines, endMark, promptMark } from "../../../../src/dialects/swe-rex/bash/typed-lines.ts";
import { textOf } from "../../../../src/dialects/swe-rex/utf8.ts";

const nonce = "0123456789abcdef".repeat(2);
const secret = "fedcba9876543210".repeat(2);
const heardOf = (text: string): Heard => {
  const heard = new Heard();
  heard.add(Buffer.from(text));
  return heard;
};

describe("what is typed for a command", () => {
  test("is lines that a terminal takes whole, of printable characters, and shows no mark when it is echoed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 5_000 }), (command) => {
        const typed = commandLines(command, nonce);
        expect(typed.split("\n").every((line) => line.length < 4_096 && /^[\u0020-\u007e]*$/.test(line))).toBe(true);
        expect(typed).not.toContain(nonce);
      }),
      { numRuns: 30 },
    );
  });

  test("runs exactly the command, between its marks", () => {
    const texts = ['it\'s "odd" `x` $HOME \\ !a #b', "two\nlines\ttab", "grüße 🦖", "x".repeat(9_000), "\u0001\u007f"];
    for (const text of texts) {
      const quoted = `'${text.replaceAll("'", String.raw`'\''`)}'`;
      const output = execFileSync("bash", ["--norc"], { input: commandLines(`printf %s ${quoted}; (exit 7)`, nonce) });
      expect(output.toString("utf8")).toBe(`${beginMark(nonce)}${text}${endMark(nonce)}7\u001e`);
    }
  });
});

describe("the end of a wait", () => {
  test("is a command's own mark with its exit code, however it is cut into pieces", () => {
    const whole = Buffer.from(`output${endMark("f".repeat(32))}0\u001emore${endMark(nonce)}137\u001e`);
    for (let cut = 0; cut <= whole.length; cut += 1) {
      const heard = new Heard();
      const pieces = [whole.subarray(0, cut), whole.subarray(cut)];
      const found = pieces.flatMap((piece) => {
        heard.add(piece);
        return atEnd(nonce)(heard, piece.length) ?? [];
      });
      expect(found.at(-1)).toMatchObject({ code: 137, at: whole.indexOf(endMark(nonce)) });
    }
  });

  test("is whatever comes first of the prompt and what is expected", () => {
    const heard = heardOf(`grüße >>> ${promptMark(secret)}`);
    const found = firstOf(atPrompt(secret), atExpected([">+ ", "gr..?.?.e"]))(heard, heard.bytes.length);
    expect(found).toEqual({ by: "gr..?.?.e", at: 0 });
    expect(atExpected(["ü"])(heard, heard.bytes.length)).toEqual({ by: "ü", at: 2 });
  });

  test("is found in linear time, whatever is expected", () => {
    const heard = heardOf("a".repeat(60_000));
    expect(atExpected(["(a+)+$b"])(heard, heard.bytes.length)).toBeUndefined();
    expect(() => atExpected(["(?=a)"])).toThrow(/RE2/);
  });
});

test("output beyond what is kept has its beginning, its end and how much is missing", () => {
  const heard = new Heard();
  for (let piece = 0; piece < 40; piece += 1) heard.add(Buffer.alloc(100_000, 97 + (piece % 26)));
  const text = heard.text();
  expect([text.startsWith("a".repeat(100_000)), text.endsWith("n".repeat(1_000))]).toEqual([true, true]);
  expect(Number(/\[… (\d+) bytes left out …\]/.exec(text)?.[1])).toBe(4_000_000 - 196_608 - 65_536);
});

describe("bytes as text", () => {
  test("are the text wherever they are UTF-8", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(textOf(Buffer.from(text))).toBe(text);
        expect(textOf(Buffer.concat([Buffer.from([0xff]), Buffer.from(text)]))).toBe(`\\xff${text}`);
      }),
    );
  });

  test("are shown as bytes where they are not", () => {
    expect(textOf(Buffer.from([0xc3, 0x28, 0xe2, 0x82, 0x61, 0xed, 0xa0, 0x80, 0xc0, 0x80]))).toBe(
      String.raw`\xc3(\xe2\x82a\xed\xa0\x80\xc0\x80`,
    );
  });
});
