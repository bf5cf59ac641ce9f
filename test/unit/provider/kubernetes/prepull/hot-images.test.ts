import { expect, test } from "vitest";
import { HotImages } from "../../../../../src/provider/kubernetes/prepull/hot-images.ts";

test("those that were used last are the hottest, whoever used them", () => {
  const hot = new HotImages();
  hot.use("a", 10);
  hot.use("b", 20);
  hot.merge({ c: 30, a: 5 });
  expect(hot.hottest(2, 0)).toEqual({ c: 30, b: 20 });
  expect(hot.hottest(2, 25)).toEqual({ c: 30 });
});

test("one that was left out is hot again only when it is used again", () => {
  const hot = new HotImages();
  hot.merge({ a: 10, b: 20 });
  hot.hottest(1, 0);
  expect(hot.hottest(2, 0)).toEqual({ b: 20 });
  hot.use("a", 30);
  expect(hot.hottest(2, 0)).toEqual({ a: 30, b: 20 });
});
