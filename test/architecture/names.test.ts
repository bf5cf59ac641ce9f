import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { unfinishedMarks, vagueNames } from "./rules.ts";

const root = new URL("../../", import.meta.url).pathname;
const folders = "{src,guest,test,infra,images,bench,examples,sandbox-profiles,docs}";
const files = globSync(`${folders}/**/*`, {
  cwd: root,
  withFileTypes: true,
  exclude: (entry) => entry.name === "node_modules" || entry.name === "fixtures" || entry.name === "workspace",
})
  .filter((entry) => entry.isFile())
  .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)));

describe("the files of the project", () => {
  it("have names that say what they are", () => {
    expect(files.length).toBeGreaterThan(0);
    expect(vagueNames(files)).toEqual([]);
  });

  it("carry no mark of unfinished work", () => {
    const read = files.filter((file) => /\.(?:ts|go|sh|md|ya?ml|json)$/.test(file));
    expect(read.flatMap((file) => unfinishedMarks(file, readFileSync(path.join(root, file), "utf8")))).toEqual([]);
  });
});
