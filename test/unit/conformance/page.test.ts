import { expect, test } from "vitest";
import { cellsOfPage, pageOf } from "../../conformance/page.ts";

const cell = (provider: string, behaviour: string, shown: string) => ({ provider, group: "Life", behaviour, shown });
const providers = ["one", "two"];

test("a page says what was shown, bars in its text included", () => {
  const cells = [cell("one", "a|b", "✓"), cell("two", "a|b", "gap: no | here")];
  expect(cellsOfPage(pageOf(cells, [], providers))).toEqual(cells);
});

test("a provider that was not run keeps its column, without what the suite no longer has", () => {
  const earlier = [cell("two", "a", "✓"), cell("two", "gone", "✓"), cell("one", "a", "fail")];
  const page = pageOf([cell("one", "a", "✓"), cell("one", "new", "✓")], earlier, providers);
  expect(cellsOfPage(page)).toEqual([
    cell("one", "a", "✓"),
    cell("two", "a", "✓"),
    cell("one", "new", "✓"),
    cell("two", "new", "–"),
  ]);
});
