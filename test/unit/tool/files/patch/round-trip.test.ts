import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { applyPatch } from "../../../../../src/tool/files/apply-patch.ts";
import { makeUnified, makeV4a, newLinesOf, oldLinesOf, type Step } from "../../../../support/make-diff.ts";
import { callTool } from "../../../../support/tool-call.ts";
import { TreeGuest } from "../../../../support/tree-guest.ts";

const textOf = (lines: readonly string[], end: string): string => lines.map((line) => line + end).join("");

function scripts(line: fc.Arbitrary<string>): fc.Arbitrary<Step[]> {
  const step = fc.oneof(
    { weight: 5, arbitrary: line.map((keep) => ({ keep })) },
    { weight: 1, arbitrary: line.map((remove) => ({ remove })) },
    { weight: 1, arbitrary: line.map((add) => ({ add })) },
  );
  return fc.array(step, { minLength: 1, maxLength: 40 }).filter((script) => script.some((each) => !("keep" in each)));
}

async function applied(content: string, patch: string): Promise<string> {
  const guest = new TreeGuest({ "dir/f.txt": content });
  const { error } = await callTool(applyPatch, guest, { patch });
  expect(error).toBeUndefined();
  return guest.text("dir/f.txt") ?? "";
}

test("a unified diff of random edits gives the target, however often lines repeat", async () => {
  const line = fc.constantFrom("", "a", "b", "- a", "+ b", "-- x", "++ y", "@@ -1 +1 @@", "\\ z", "ü ");
  const property = fc.asyncProperty(
    scripts(line),
    fc.integer({ min: 0, max: 4 }),
    fc.constantFrom("\n", "\r\n"),
    async (script, context, end) => {
      // An empty file has no line ends to keep.
      fc.pre(oldLinesOf(script).length > 0 || end === "\n");
      const patch = makeUnified("dir/f.txt", script, context);
      expect(await applied(textOf(oldLinesOf(script), end), patch)).toBe(textOf(newLinesOf(script), end));
    },
  );
  await fc.assert(property, { numRuns: 500 });
});

test("a V4A patch of random edits gives the target where its lines are distinct", async () => {
  const line = fc.string({
    unit: fc.constantFrom("a", "-", "+", " ", "@", "*", "ü", "\\"),
    minLength: 1,
    maxLength: 6,
  });
  const property = fc.asyncProperty(
    scripts(line),
    fc.integer({ min: 1, max: 4 }),
    fc.constantFrom("\n", "\r\n"),
    async (script, context, end) => {
      const distinct = script.map((step, index) => {
        const name = (text: string) => `${text}#${index}`;
        return "keep" in step
          ? { keep: name(step.keep) }
          : "remove" in step
            ? { remove: name(step.remove) }
            : { add: name(step.add) };
      });
      // A hunk that only adds needs a line to hold on to.
      fc.pre(oldLinesOf(distinct).length > 0);
      const patch = makeV4a("dir/f.txt", distinct, context);
      expect(await applied(textOf(oldLinesOf(distinct), end), patch)).toBe(textOf(newLinesOf(distinct), end));
    },
  );
  await fc.assert(property, { numRuns: 500 });
});

test("what git calls the difference between two trees turns the one into the other", async () => {
  const content = fc
    .tuple(fc.array(fc.constantFrom("a", "b", "", "  c", "ü", "d\r"), { maxLength: 30 }), fc.boolean())
    .map(([lines, noEnd]) => (noEnd ? lines.join("\n") : textOf(lines, "\n")))
    // What is added to a file all of whose lines end in CRLF ends so too, unless the patch itself shows returns.
    .filter((text) => !text.includes("\r\n") || /(?:^|[^\r])\n/.test(text));
  const tree = fc.dictionary(fc.constantFrom("a.txt", "dir/b.txt", "dir/ü c.txt", "d"), content, { maxKeys: 4 });
  const property = fc.asyncProperty(tree, tree, fc.constantFrom(0, 3), async (before, after, context) => {
    const patch = gitDiff(before, after, context);
    fc.pre(patch !== "");
    const guest = new TreeGuest(before);
    const { error } = await callTool(applyPatch, guest, { patch });
    expect(error).toBeUndefined();
    expect(guest.files()).toEqual({ ...after });
  });
  await fc.assert(property, { numRuns: 25 });
});

function gitDiff(before: Record<string, string>, after: Record<string, string>, context: number): string {
  const folder = mkdtempSync(join(tmpdir(), "berth-diff-"));
  const git = (...args: string[]): string => {
    const env = { PATH: process.env["PATH"], HOME: folder, GIT_CONFIG_NOSYSTEM: "1", GIT_DIR: join(folder, "git") };
    return spawnSync("git", args, { cwd: folder, encoding: "utf8", env }).stdout;
  };
  const writeTree = (name: string, files: Record<string, string>): string => {
    const tree = join(folder, name);
    mkdirSync(tree);
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), text);
    }
    git(`--work-tree=${tree}`, "add", "--all", ".");
    return git("write-tree").trim();
  };
  try {
    git("init", "--quiet");
    const [from, to] = [writeTree("before", before), writeTree("after", after)];
    return git("diff-tree", "-p", "-M", `-U${context}`, from, to);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
