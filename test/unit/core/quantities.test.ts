import { expect, test } from "vitest";
import { bytesInWords } from "../../../src/core/quantities.ts";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1_000, "1 kB"],
  [1_234_567, "1.23 MB"],
  [999_499, "999 kB"],
  [999_600, "1 MB"],
  [50e9, "50 GB"],
  [7.5e15, "7500 TB"],
])("%d bytes are said as %s", (bytes, words) => {
  expect(bytesInWords(bytes)).toBe(words);
});
