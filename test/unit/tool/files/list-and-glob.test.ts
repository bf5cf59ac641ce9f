import { expect, test } from "vitest";
import { BerthError } from "../../../../src/core/errors.ts";
import { glob } from "../../../../src/tool/files/glob.ts";
import { listDir } from "../../../../src/tool/files/list-dir.ts";
import { callTool } from "../../../support/tool-call.ts";
import { TreeGuest } from "../../../support/tree-guest.ts";

function guest(): TreeGuest {
  const tree = new TreeGuest({ "a.py": "12345", "src/b.py": "", "src/deep/ü.ts": "1" });
  tree.link("link");
  return tree;
}

test("a directory is listed with marks and sizes", async () => {
  expect((await callTool(listDir, guest(), {})).output).toBe("a.py\t5\nlink@\nsrc/\n");
});

test("depth goes into directories", async () => {
  const result = await callTool(listDir, guest(), { path: "src", depth: 2 });
  expect(result.output).toBe("src/b.py\t0\nsrc/deep/\nsrc/deep/ü.ts\t1\n");
});

test("a list that is cut and an empty directory say so", async () => {
  const cut = await callTool(listDir, guest(), { max_entries: 1 });
  expect(cut.output).toMatch(/^a\.py\t5\n\[there are more than these 1 entries;/);
  expect(cut.truncated).toBe(true);
  expect((await callTool(listDir, new TreeGuest(), {})).output).toBe("[the directory is empty]\n");
});

test("listing a file is answered", async () => {
  expect((await callTool(listDir, guest(), { path: "a.py" })).error?.code).toBe("not_a_directory");
});

test("glob gives paths, and says when there are none or more", async () => {
  expect((await callTool(glob, guest(), { pattern: "**/*.py" })).output).toBe("a.py\nsrc/b.py\n");
  expect((await callTool(glob, guest(), { pattern: "*.go" })).output).toMatch(/^\[no file matches;/);
  const cut = await callTool(glob, guest(), { pattern: "**", max_paths: 1 });
  expect(cut.output).toMatch(/^a\.py\n\[there are more than these 1 paths;/);
  expect(cut.truncated).toBe(true);
});

test("a glob that cannot be read is answered with what to do about globs", async () => {
  const refusing = guest();
  refusing.glob = () => Promise.reject(new BerthError("invalid_pattern", "a pattern has an open bracket"));
  const { output } = await callTool(glob, refusing, { pattern: "[" });
  expect(output).toBe("Error: a pattern has an open bracket. Correct the glob: close its brackets and braces.");
});
