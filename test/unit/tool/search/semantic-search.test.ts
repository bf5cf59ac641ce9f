import { afterAll, beforeAll, expect, test } from "vitest";
import type { CodeIndex } from "../../../../src/code-index/code-index.ts";
import { semanticSearch } from "../../../../src/tool/search/semantic-search.ts";
import type { Semantics } from "../../../../src/tool/tool.ts";
import { indexOf, leased } from "../../../support/code-index.ts";
import { meaningOf } from "../../../support/embeddings-endpoint.ts";
import { callTool } from "../../../support/tool-call.ts";
import { TreeGuest } from "../../../support/tree-guest.ts";

const files = {
  "src/session.py": "def end_session(user):\n    user.session = None\n",
  "src/price.py": "def price_of(item):\n    return item.cents\n",
};

let index: CodeIndex;
beforeAll(async () => {
  index = await indexOf(files);
});
afterAll(() => index[Symbol.asyncDispose]());

const embed = async (texts: readonly string[]) =>
  texts.map((text) => {
    const numbers = meaningOf(text);
    const length = Math.hypot(...numbers);
    return Float32Array.from(numbers, (one) => one / length);
  });

/** Knows the files as they were at the start. */
const semantics: Semantics = {
  model: "words-1",
  embed,
  nearest: async (query, limit) => {
    const placed = Object.entries(files).map(([path, text], chunk) => ({ path, text, chunk, start: 1, end: 2 }));
    const vectors = await embed(placed.map(({ path, text }) => `${path}\n${text}`));
    const score = (at: number) => query.reduce((sum, one, of) => sum + one * (vectors[at]?.[of] ?? 0), 0);
    const hits = placed.map((hit, at) => ({ ...hit, score: score(at) })).toSorted((a, b) => b.score - a.score);
    return { hits: hits.slice(0, limit), isPartial: false };
  },
};

const ask = (guest: TreeGuest, args: Record<string, unknown>, also = {}) =>
  callTool(semanticSearch, guest, args, { index: leased(index), semantics, ...also });

test("a place is found by what it is about, though it has none of the words", async () => {
  const { output, data } = await ask(new TreeGuest(files), { query: "users logged out", max_results: 1 });
  expect(output).toBe(
    "src/session.py:1-2\n     1\tdef end_session(user):\n     2\t    user.session = None\n[ranked by embeddings of words-1]\n",
  );
  expect(data).toMatchObject({ ranked_by: "embeddings", model: "words-1", results: [{ path: "src/session.py" }] });
});

test("what the rollout changed is ranked as it is now, what it wrote is found, and what it removed is not", async () => {
  const guest = new TreeGuest({ ...files, "src/session.py": "nothing\n", "src/new.py": "def end_user_session():\n" });
  guest.changedPaths = ["src/session.py", "src/new.py"];
  guest.nodes.delete("src/price.py");
  const { data } = await ask(guest, { query: "users logged out" });
  const results = data?.["results"] as { path: string }[];
  expect(results.map(({ path }) => path)).toEqual(["src/new.py", "src/session.py"]);
});

test("include narrows a search", async () => {
  const { data } = await ask(new TreeGuest(files), { query: "users logged out", include: ["price*"] });
  expect(data).toMatchObject({ results: [{ path: "src/price.py" }] });
});

test("of too much that changed only a part is embedded, and the answer says so", async () => {
  const guest = new TreeGuest(files);
  for (let at = 0; at < 300; at += 1) {
    guest.put(`new/${at}.py`, `value = ${at}\n`);
    guest.changedPaths.push(`new/${at}.py`);
  }
  const sizes: number[] = [];
  const counted = { ...semantics, embed: (texts: readonly string[]) => (sizes.push(texts.length), embed(texts)) };
  const { output } = await ask(guest, { query: "value" }, { semantics: counted });
  expect(sizes).toEqual([1, 256]);
  expect(output).toContain("[some files are too large or too many to be ranked");
});

test("without embeddings the words of the query rank, and the answer says so", async () => {
  const { output, data } = await ask(new TreeGuest(files), { query: "price cents" }, { semantics: undefined });
  expect(output).toMatch(/^src\/price\.py:1-2\n/);
  expect(output).toMatch(/\[ranked by words: there are no embeddings here\]\n$/);
  expect(data).toMatchObject({ ranked_by: "words" });
  const nothing = await ask(new TreeGuest(files), { query: "zebra" }, { semantics: undefined });
  expect(nothing.output).toMatch(/^\[nothing was found\]\n/);
});
