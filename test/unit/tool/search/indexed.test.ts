import { afterAll, beforeAll, expect, test } from "vitest";
import type { CodeIndex } from "../../../../src/code-index/code-index.ts";
import { keywordSearch } from "../../../../src/tool/search/keyword-search.ts";
import { references } from "../../../../src/tool/search/references.ts";
import { retrieve } from "../../../../src/tool/search/retrieve.ts";
import { symbols } from "../../../../src/tool/search/symbols.ts";
import type { Tool } from "../../../../src/tool/tool.ts";
import { indexOf, leased } from "../../../support/code-index.ts";
import { callTool } from "../../../support/tool-call.ts";
import { TreeGuest } from "../../../support/tree-guest.ts";

const files = {
  "src/cart.py":
    "from price import price_of\n\n\ndef total_price(cart):\n    # price_of in a comment\n    return sum(price_of(item) for item in cart)\n",
  "src/price.py": "def price_of(item):\n    return item.cents\n",
  "docs/prices.txt": "How price_of works.\n",
};

let index: CodeIndex;
beforeAll(async () => {
  index = await indexOf(files);
});
afterAll(() => index[Symbol.asyncDispose]());

const ask = (tool: Tool, guest: TreeGuest, args: Record<string, unknown>) =>
  callTool(tool, guest, args, { index: leased(index) });

function changedGuest(changes: Record<string, string | null>): TreeGuest {
  const guest = new TreeGuest(files);
  for (const [path, text] of Object.entries(changes)) {
    if (text === null) guest.nodes.delete(path);
    else {
      guest.put(path, text);
      guest.changedPaths.push(path);
    }
  }
  return guest;
}

test("places come ranked, with the lines that hold a word", async () => {
  const { output, data } = await ask(keywordSearch, new TreeGuest(files), { query: "total cart" });
  expect(output).toMatch(/^src\/cart\.py:1-6\n {5}4\tdef total_price\(cart\):\n/);
  expect(data).toMatchObject({ results: [{ path: "src/cart.py", start: 1, end: 6 }] });
});

test("include narrows a search", async () => {
  const { data } = await ask(keywordSearch, new TreeGuest(files), { query: "price_of", include: ["*.txt"] });
  expect(data).toMatchObject({ results: [{ path: "docs/prices.txt" }] });
});

test("what the rollout wrote is found, what it changed is searched as it is now, and what it removed is not", async () => {
  const guest = changedGuest({
    "src/new.py": "def total_tax(cart):\n    return 0\n",
    "src/cart.py": "nothing here any more\n",
    "src/price.py": null,
  });
  const { output } = await ask(keywordSearch, guest, { query: "total cart price_of" });
  expect(output).toMatch(/^src\/new\.py:1-2\n/);
  expect(output).not.toContain("src/price.py");
  expect(output).not.toContain("total_price");
});

test("without a repository only what the rollout wrote is ranked", async () => {
  const guest = new TreeGuest({ "a.py": "alpha beta\n" });
  guest.changedPaths = ["a.py"];
  expect((await callTool(keywordSearch, guest, { query: "beta" })).output).toMatch(/^a\.py:1-1\n/);
  expect((await callTool(keywordSearch, guest, { query: "gamma" })).output).toBe("[no place holds any of the words]\n");
});

test("a definition is found by its name, everywhere, and anew where it changed", async () => {
  expect((await ask(symbols, new TreeGuest(files), { name: "Price_Of" })).output).toBe(
    "src/price.py:1\tfunction price_of\n",
  );
  const guest = changedGuest({ "src/price.py": "\n\ndef price_of():\n    pass\n" });
  expect((await ask(symbols, guest, { name: "price_of" })).output).toBe("src/price.py:3\tfunction price_of\n");
});

test("the outline of a file is all that it defines", async () => {
  const guest = new TreeGuest({ "a.ts": "class A {\n  b() {}\n}\nexport type T = string;\n" });
  expect((await ask(symbols, guest, { path: "a.ts" })).output).toBe(
    "a.ts:1\tclass A\na.ts:2\tmethod b\na.ts:4\ttype T\n",
  );
});

test("symbols needs a name or a path, a file that is there, and a language that it reads", async () => {
  const guest = new TreeGuest({ "a.txt": "x" });
  expect((await ask(symbols, guest, {})).error?.code).toBe("invalid_arguments");
  expect((await ask(symbols, guest, { path: "none.py" })).error?.code).toBe("file_not_found");
  expect((await ask(symbols, guest, { path: "a.txt" })).output).toMatch(/No grammar reads files like a\.txt/);
});

test("uses are told apart, and comments do not count", async () => {
  const { output } = await ask(references, new TreeGuest(files), { name: "price_of" });
  expect(output.split("\n").toSorted()).toEqual([
    "",
    "docs/prices.txt:1\ttext\tHow price_of works.",
    "src/cart.py:1\tuse\tfrom price import price_of",
    "src/cart.py:6\tcall\treturn sum(price_of(item) for item in cart)",
    "src/price.py:1\tdefinition\tdef price_of(item):",
  ]);
  const calls = await ask(references, new TreeGuest(files), { name: "price_of", calls_only: true });
  expect(calls.data).toMatchObject({ total: 1 });
});

test("a piece of a file is read with what is around it", async () => {
  const body = Array.from({ length: 40 }, (_, at) => `    x${at} = 1`).join("\n");
  const guest = new TreeGuest({ "a.py": `def one():\n${body}\n\ndef two():\n${body}\n` });
  const { output, data } = await ask(retrieve, guest, { path: "a.py", line: 50, context: 1 });
  expect(data).toMatchObject({ start_line: 42, end_line: 83, total_lines: 83 });
  expect(output).toMatch(/^ {2}42\t\n {2}43\tdef two\(\):\n/);
  expect((await ask(retrieve, guest, { path: "a.py", line: 99 })).error?.code).toBe("invalid_arguments");
  expect((await ask(retrieve, guest, { path: "none" })).error?.code).toBe("file_not_found");
});
