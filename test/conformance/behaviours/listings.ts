import { createHash } from "node:crypto";
import { expect } from "vitest";
import { codeOf } from "../bench.ts";
import type { Berth } from "../bench.ts";
import type { BehaviourGroup } from "../suite.ts";

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `line ${index + 1}\n`).join("");
const put = (berth: Berth, path: string, text: string) =>
  berth.guest.write(path, Buffer.from(text), { createParents: true });

export const listings: BehaviourGroup = {
  group: "Lines, lists and trees",
  behaviours: [
    {
      title: "lines gives a range of lines with what there is around it",
      run: async (bench) => {
        await using berth = await bench.berth();
        await put(berth, "a", numbered(100));
        const some = await berth.guest.lines("a", { start: 10, count: 3, maxBytes: 10_000 });
        expect(some).toMatchObject({
          text: "line 10\nline 11\nline 12\n",
          startLine: 10,
          endLine: 12,
          totalLines: 100,
          truncated: false,
          longLines: 0,
        });
        const last = await berth.guest.lines("a", { start: 99, count: 10, maxBytes: 10_000 });
        expect(last).toMatchObject({ text: "line 99\nline 100\n", endLine: 100, truncated: false });
        const beyond = await berth.guest.lines("a", { start: 101, count: 5, maxBytes: 10_000 });
        expect(beyond).toMatchObject({ text: "", startLine: 101, endLine: 100, totalLines: 100 });
      },
    },
    {
      title: "lines keeps a last line without an end, and an empty file has none",
      run: async (bench) => {
        await using berth = await bench.berth();
        await put(berth, "a", "one\r\ntwo");
        expect(await berth.guest.lines("a", { start: 1, count: 10, maxBytes: 100 })).toMatchObject({
          text: "one\r\ntwo",
          totalLines: 2,
          totalBytes: 8,
        });
        await put(berth, "empty", "");
        expect(await berth.guest.lines("empty", { start: 1, count: 10, maxBytes: 100 })).toMatchObject({
          text: "",
          endLine: 0,
          totalLines: 0,
        });
      },
    },
    {
      title: "lines ends at its limit of bytes with whole lines, and cuts a long line at a character",
      run: async (bench) => {
        await using berth = await bench.berth();
        await put(berth, "a", numbered(100));
        const few = await berth.guest.lines("a", { start: 1, count: 100, maxBytes: 20 });
        expect(few).toMatchObject({ text: "line 1\nline 2\n", endLine: 2, truncated: true });
        await put(berth, "long", `${"€".repeat(10_000)}\nnext\n`);
        const long = await berth.guest.lines("long", { start: 1, count: 2, maxBytes: 100_000 });
        expect(long).toMatchObject({ longLines: 1, totalLines: 2, endLine: 2 });
        expect(long.text).toMatch(/^€+\nnext\n$/);
        expect(Buffer.byteLength(long.text)).toBeLessThan(8_300);
      },
    },
    {
      title: "lines refuses what is no text",
      run: async (bench) => {
        await using berth = await bench.berth();
        await put(berth, "binary", "text\0more");
        expect(await codeOf(berth.guest.lines("binary", { start: 1, count: 1, maxBytes: 100 }))).toBe("not_text");
        expect(await codeOf(berth.guest.lines("missing", { start: 1, count: 1, maxBytes: 100 }))).toBe(
          "file_not_found",
        );
      },
    },
    {
      title: "list shows types and sizes to its depth, by path, and does not enter .git",
      run: async (bench) => {
        await using berth = await bench.berth();
        for (const path of ["b", "a/x", "a/deep/y", "a-b", ".git/config"]) await put(berth, path, path);
        await berth.sh("ln -s b link; mkfifo fifo");
        const flat = await berth.guest.list("", { depth: 1, limit: 100 });
        expect(flat.truncated).toBe(false);
        expect(flat.entries.map(({ path, type }) => `${path} ${type}`)).toEqual([
          ".git directory",
          "a directory",
          "a-b file",
          "b file",
          "fifo other",
          "link link",
        ]);
        expect(flat.entries.find(({ path }) => path === "a-b")?.size).toBe(3);
        const deep = await berth.guest.list("", { depth: 3, limit: 100 });
        expect(deep.entries.map(({ path }) => path).filter((path) => /^a\/|^\.git\//.test(path))).toEqual([
          "a/deep",
          "a/deep/y",
          "a/x",
        ]);
        const below = await berth.guest.list("a", { depth: 1, limit: 100 });
        expect(below.entries.map(({ path }) => path)).toEqual(["a/deep", "a/x"]);
        expect(await codeOf(berth.guest.list("b", { depth: 1, limit: 1 }))).toBe("not_a_directory");
      },
    },
    {
      title: "list ends at its limit and says so",
      run: async (bench) => {
        await using berth = await bench.berth();
        for (const path of ["c", "a", "b"]) await put(berth, path, "");
        const two = await berth.guest.list("", { depth: 1, limit: 2 });
        expect({ paths: two.entries.map(({ path }) => path), truncated: two.truncated }).toEqual({
          paths: ["a", "b"],
          truncated: true,
        });
      },
    },
    {
      title: "stat describes a link itself, not its target",
      run: async (bench) => {
        await using berth = await bench.berth();
        await put(berth, "dir/a", "123");
        await berth.sh("ln -s dir/a link; ln -s /etc/passwd out");
        expect(await berth.guest.stat("dir/a")).toMatchObject({ type: "file", size: 3, mode: 0o644 });
        expect((await berth.guest.stat("dir")).type).toBe("directory");
        expect((await berth.guest.stat("")).type).toBe("directory");
        expect((await berth.guest.stat("link")).type).toBe("link");
        expect((await berth.guest.stat("out")).type).toBe("link");
      },
    },
    {
      title: "tree gives every entry but what is excluded, with content hashes, in the order of the paths' bytes",
      run: async (bench) => {
        await using berth = await bench.berth();
        const hash = (text: string) => createHash("sha256").update(text).digest("hex");
        for (const path of ["b", "a/x", "a-b", "é", ".git/config", "keep/.git/x"]) await put(berth, path, path);
        await berth.guest.write("run", Buffer.from("run"), { executable: true });
        await berth.sh("ln -s b link; ln -s /etc/passwd out; mkfifo fifo; mkdir empty");
        const tree = await berth.guest.tree({ exclude: [".git"], maxEntries: 100, maxFileBytes: 1_000_000 });
        const file = (path: string, mode = 0o644) => ({
          type: "file",
          path,
          mode,
          size: Buffer.byteLength(path),
          sha256: hash(path),
        });
        expect(tree).toEqual([
          file("a-b"),
          file("a/x"),
          file("b"),
          { type: "other", path: "fifo" },
          file("keep/.git/x"),
          { type: "link", path: "link", target: "b" },
          { type: "link", path: "out", target: "/etc/passwd" },
          file("run", 0o755),
          file("é"),
        ]);
      },
    },
    {
      title: "a tree beyond its limit is refused, not cut; a file above its own is listed as other",
      run: async (bench) => {
        await using berth = await bench.berth();
        for (const path of ["a", "b", "c"]) await put(berth, path, "12345");
        expect(await berth.guest.tree({ exclude: [], maxEntries: 3, maxFileBytes: 5 })).toHaveLength(3);
        expect(await codeOf(berth.guest.tree({ exclude: [], maxEntries: 2, maxFileBytes: 5 }))).toBe(
          "change_set_too_large",
        );
        await put(berth, "b", "123456");
        const tree = await berth.guest.tree({ exclude: [], maxEntries: 3, maxFileBytes: 5 });
        expect(tree.map(({ path, type }) => `${path} ${type}`)).toEqual(["a file", "b other", "c file"]);
      },
    },
  ],
};
