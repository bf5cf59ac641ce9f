import { expect, test } from "vitest";
import { checkPng } from "../../../../src/tool/browser/png.ts";
import { chunk, madePng, pngHeader, pngSignature } from "../../../support/made-png.ts";
import { readPng } from "../../../support/read-png.ts";

const end = chunk("IEND", Buffer.alloc(0));
const data = chunk("IDAT", Buffer.from("x"));
const png = (...parts: Buffer[]): Buffer => Buffer.concat([pngSignature, ...parts]);

test("a picture's size is read from its header", () => {
  expect(checkPng(madePng(3, 2))).toEqual({ width: 3, height: 2 });
  expect(readPng(madePng(3, 2, [1, 2, 3])).at(2, 1)).toEqual([1, 2, 3]);
});

test.each([
  ["nothing", Buffer.alloc(0)],
  ["a page", Buffer.from("<html>")],
  ["a signature alone", pngSignature],
  ["no header", png(data, end)],
  ["a header that is not the first", png(data, pngHeader(1, 1), end)],
  ["two headers", png(pngHeader(1, 1), pngHeader(2, 2), data, end)],
  ["no pixels", png(pngHeader(1, 1), end)],
  ["no end", png(pngHeader(1, 1), data)],
  ["something behind its end", png(pngHeader(1, 1), data, end, Buffer.from("x"))],
  ["a part that is cut", madePng(3, 2).subarray(0, -1)],
  ["a length beyond its end", png(pngHeader(1, 1), Buffer.from("ffffffff49444154", "hex"), end)],
  ["no width", png(pngHeader(0, 1), data, end)],
  ["a side too long", png(pngHeader(8193, 1), data, end)],
  ["more pixels than 16 million", png(pngHeader(8000, 8000), data, end)],
  ["a colour type that there is not", png(pngHeader(1, 1, [8, 5, 0, 0, 0]), data, end)],
  ["a depth that its colour type has not", png(pngHeader(1, 1, [4, 2, 0, 0, 0]), data, end)],
  ["another compression", png(pngHeader(1, 1, [8, 2, 1, 0, 0]), data, end)],
])("%s is no picture", (_, bytes) => {
  expect(() => checkPng(bytes)).toThrow(/The browser's picture was refused: /);
});

test("every byte of a header may be anything: it is a size within bounds, or refused", () => {
  const whole = madePng(300, 200);
  for (let at = 0; at < 33; at++) {
    for (const value of [0, 1, 2, 127, 128, 255]) {
      const changed = Buffer.from(whole);
      changed[at] = value;
      try {
        const { width, height } = checkPng(changed);
        expect(width * height).toBeLessThanOrEqual(16_000_000);
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: "browser_closed" });
      }
    }
  }
});
