import { expect } from "vitest";
import type { GrepRequest } from "../../../src/guest/guest.ts";
import { codeOf } from "../bench.ts";
import type { Berth } from "../bench.ts";
import type { BehaviourGroup } from "../suite.ts";

const put = (berth: Berth, path: string, text: string) =>
  berth.guest.write(path, Buffer.from(text), { createParents: true });
const grep = (berth: Berth, pattern: string, change: Partial<GrepRequest> = {}) =>
  berth.guest.grep({ pattern, maxMatches: 100, maxBytes: 100_000, timeoutMs: 10_000, ...change });
const placesOf = (found: { matches: readonly { path: string; line: number }[] }) =>
  found.matches.map(({ path, line }) => `${path}:${line}`);

export const search: BehaviourGroup = {
  group: "Search",
  behaviours: [
    {
      title: "grep finds lines by RE2, in the order of paths, with the lines around them",
      run: async (bench) => {
        await using berth = await bench.berth();
        await put(berth, "b.txt", "one\ntwo\nthree\nfour\n");
        await put(berth, "a/c.txt", "two\n");
        const found = await grep(berth, "^t(wo|hree)$", { before: 1, after: 2 });
        expect(placesOf(found)).toEqual(["a/c.txt:1", "b.txt:2", "b.txt:3"]);
        expect(found.matches[1]).toEqual({
          path: "b.txt",
          line: 2,
          text: "two",
          before: ["one"],
          after: ["three", "four"],
        });
        expect(found).toMatchObject({ matchedFiles: 2, searchedFiles: 2, truncated: false, timedOut: false });
      },
    },
    {
      title: "grep takes fixed text, either case, one path, and globs to include and to exclude",
      run: async (bench) => {
        await using berth = await bench.berth();
        for (const path of ["a.py", "b.txt", "dir/c.py", "dir/d.md"]) await put(berth, path, "a.b\nAxB\n");
        expect(placesOf(await grep(berth, "a.b", { fixed: true, path: "a.py" }))).toEqual(["a.py:1"]);
        expect(placesOf(await grep(berth, "a.b", { ignoreCase: true, path: "a.py" }))).toEqual(["a.py:1", "a.py:2"]);
        expect(placesOf(await grep(berth, "a.b", { include: ["*.py"] }))).toEqual(["a.py:1", "dir/c.py:1"]);
        expect(placesOf(await grep(berth, "a.b", { exclude: ["*.py"] }))).toEqual(["b.txt:1", "dir/d.md:1"]);
        expect(placesOf(await grep(berth, "a.b", { path: "dir" }))).toEqual(["dir/c.py:1", "dir/d.md:1"]);
        expect(await codeOf(grep(berth, "a", { path: "missing" }))).toBe("file_not_found");
      },
    },
    {
      title: "grep ends at its limits and says so",
      run: async (bench) => {
        await using berth = await bench.berth();
        await put(berth, "a", "needle\n".repeat(500));
        const few = await grep(berth, "needle", { maxMatches: 7 });
        expect([few.matches.length, few.truncated]).toEqual([7, true]);
        const small = await grep(berth, "needle", { maxMatches: 500, maxBytes: 300 });
        expect(small.truncated).toBe(true);
        expect(small.matches.length).toBeLessThanOrEqual(50);
      },
    },
    {
      title: "grep skips .git and binary files, and cuts a long line at a character near the match",
      run: async (bench) => {
        await using berth = await bench.berth();
        await put(berth, ".git/config", "needle\n");
        await put(berth, "binary", "needle\0\n");
        await put(berth, "long", `needle ${"€".repeat(5_000)}\n`);
        const found = await grep(berth, "needle");
        expect(placesOf(found)).toEqual(["long:1"]);
        expect(found.matches[0]?.text).toContain("needle");
        expect(found.matches[0]?.text).not.toContain("\uFFFD");
        expect(Buffer.byteLength(found.matches[0]?.text ?? "")).toBeLessThan(600);
      },
    },
    {
      title: "a pattern that is no RE2 is refused, and one that is slow elsewhere is not slow",
      run: async (bench) => {
        await using berth = await bench.berth();
        await put(berth, "a", `${"a".repeat(5_000)}!\n`);
        for (const pattern of ["(", "(?=look)", "(a)\\1", "[z-a]"])
          expect(await codeOf(grep(berth, pattern)), pattern).toBe("invalid_pattern");
        const startedAt = Date.now();
        await grep(berth, "^(a+)+$");
        expect(Date.now() - startedAt).toBeLessThan(5_000);
      },
    },
    {
      title: "glob finds files and links by *, ?, […], {a,b} and **, in the order of paths",
      run: async (bench) => {
        await using berth = await bench.berth();
        for (const path of ["a.py", "b.txt", "dir/c.py", "dir/deep/d.py", "dir/.hidden.py", ".git/e.py"])
          await put(berth, path, "");
        await berth.sh("ln -s a.py l.py");
        const paths = async (pattern: string, path = "") =>
          (await berth.guest.glob({ pattern, path, limit: 100 })).paths;
        expect(await paths("*.py")).toEqual(["a.py", "l.py"]);
        expect(await paths("**/*.py")).toEqual(["a.py", "dir/.hidden.py", "dir/c.py", "dir/deep/d.py", "l.py"]);
        expect(await paths("dir/**")).toEqual(["dir/.hidden.py", "dir/c.py", "dir/deep/d.py"]);
        expect(await paths("{a,b}.*")).toEqual(["a.py", "b.txt"]);
        expect(await paths("[ab].??")).toEqual(["a.py"]);
        expect(await paths("*.py", "dir/deep")).toEqual(["dir/deep/d.py"]);
        expect(await paths("nothing*")).toEqual([]);
        const one = await berth.guest.glob({ pattern: "**/*.py", limit: 1 });
        expect(one).toEqual({ paths: ["a.py"], truncated: true });
      },
    },
  ],
};
