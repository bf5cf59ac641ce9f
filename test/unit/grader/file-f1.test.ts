import { describe, expect, test } from "vitest";
import { BerthError } from "../../../src/core/errors.ts";
import { fileF1Grader } from "../../../src/grader/file-f1/file-f1-grader.ts";
import type { GradingContext, TaskFolder } from "../../../src/grader/grader.ts";
import { environment } from "../../../src/model/environment.ts";
import { fileF1GraderSpec } from "../../../src/model/graders/file-f1.ts";

const real = ["src/core.py", "src/cli/main.py", "docs/index.md", "Makefile"];

function graded(answer: string | undefined, given: object = {}) {
  const spec = fileF1GraderSpec.parse({ type: "file_f1", files: real, ...given });
  const context = { answer, environment: environment.parse({ name: "plan" }) } as GradingContext;
  return fileF1Grader.grade(spec, context);
}

const reward = async (answer: string | undefined, given?: object): Promise<number> =>
  (await graded(answer, given)).reward;

const perfect: Readonly<Record<string, string>> = {
  "a JSON list": JSON.stringify(real),
  "a JSON object": JSON.stringify({ files: real.map((path) => ({ path, why: "it is broken" })) }),
  "a fenced JSON list among prose": `I first looked at src/other.py.\n\n\`\`\`json\n${JSON.stringify(real)}\n\`\`\`\nDone.`,
  "a markdown list": real.map((path) => `- \`${path}\`: needs a change`).join("\n"),
  "a numbered list": real.map((path, at) => `${at + 1}. **${path}**`).join("\n"),
  "a bare list": real.join("\n"),
  "a fenced list": `\`\`\`\n${real.join("\n")}\n\`\`\``,
  prose: "The fix is in src/core.py (and src/cli/main.py), with docs/index.md; the `Makefile` calls it.",
  "a sentence that ends with a path": "Change Makefile, docs/index.md, src/core.py and then src/cli/main.py.",
  links: real.map((path) => `* [${path}](${path}#L12)`).join("\n"),
  "absolute paths": real.map((path) => `/workspace/${path}`).join("\n"),
  "paths with ./ and ..": real.map((path) => `./src/../${path}`).join("\n"),
  backslashes: real.map((path) => path.replaceAll("/", "\\")).join("\n"),
  lines: real.map((path) => `${path}:12:5`).join("\n"),
  "a diff": real.map((path) => `--- a/${path}\n+++ b/${path}\n@@ -1 +1 @@`).join("\n"),
  "every file three times": [...real, ...real, ...real.map((path) => `./${path}:3`)].join("\n"),
};

describe("the file_f1 grader gives 1 for the files of the change", () => {
  test.each(Object.entries(perfect))("given as %s", async (_, answer) => {
    expect((await graded(answer)).evidence).toMatchObject({ missed: [], extra: [] });
    expect(await reward(answer)).toBe(1);
  });
});

describe("the file_f1 grader", () => {
  test("gives the harmonic mean of precision and recall, and either alone when it is told to", async () => {
    const answer = JSON.stringify(["src/core.py", "src/cli/main.py", "src/wrong.py"]);
    const { evidence, summary } = await graded(answer);
    expect(evidence).toMatchObject({
      precision: 2 / 3,
      recall: 1 / 2,
      f1: (2 * (2 / 3) * (1 / 2)) / (2 / 3 + 1 / 2),
      named: 3,
      matched: ["src/core.py", "src/cli/main.py"],
      missed: ["docs/index.md", "Makefile"],
      extra: ["src/wrong.py"],
    });
    expect(summary).toBe("2 of the 3 files that the answer names are among the 4 of the change.");
    expect(await reward(answer, { measure: "precision" })).toBe(2 / 3);
    expect(await reward(answer, { measure: "recall" })).toBe(1 / 2);
  });

  test("gives 0 without an answer, and for one that names no file", async () => {
    for (const answer of [
      undefined,
      "",
      "  \n",
      "I do not know.",
      "[]",
      "{}",
      "null",
      "Either and/or both, i.e. v1.2.3.",
    ])
      expect(await reward(answer)).toBe(0);
  });

  test("gives 0 for an answer of wrong files", async () => {
    expect(await reward("src/wrong.py and tests/core.py")).toBe(0);
  });

  test("gives little for many files, and nothing for the whole tree, whatever is measured", async () => {
    const tree = Array.from({ length: 400 }, (_, at) => `src/module${at}.py`);
    expect(await reward([...real, ...tree.slice(0, 15 * real.length)].join("\n"))).toBeLessThan(0.2);
    for (const answer of [[...real, ...tree].join("\n"), JSON.stringify([...tree, ...real])])
      for (const measure of ["f1", "recall"] as const)
        expect(await graded(answer, { measure })).toMatchObject({ reward: 0, flags: ["over_answered"] });
  });

  test("gives nothing, and says so, for more files than any answer has", async () => {
    const dump = [...real, ...Array.from({ length: 5000 }, (_, at) => `src/module${at}.py`)].join("\n");
    expect(await graded(dump, { measure: "recall" })).toMatchObject({ reward: 0, flags: ["over_answered"] });
  });

  test("takes no hedge: of several lists the last one is the answer", async () => {
    const lists = [real, ["src/wrong.py"]].map((list) => `\`\`\`json\n${JSON.stringify(list)}\n\`\`\``);
    expect(await reward(lists.join("\n"))).toBe(0);
  });

  test("counts names that are only partly right as wrong", async () => {
    for (const answer of ["core.py", "SRC/CORE.PY", "src", "src/", "src/*.py", "/etc/src/core.py", "../src/core.py"])
      expect(await reward(answer)).toBe(0);
  });

  test("takes a folder a for a folder where the change has one", async () => {
    expect(await reward("a/x.py", { files: ["a/x.py"] })).toBe(1);
    expect(await reward("x.py", { files: ["a/x.py"] })).toBe(0);
  });

  test("leaves addresses, flags and calls in prose alone", async () => {
    const prose =
      "See https://example.org/src/core.html; run with --config/x or os.path.join(a), then and/or. src/core.py";
    expect((await graded(prose)).evidence).toMatchObject({ matched: ["src/core.py"], extra: [] });
  });

  test("keeps its evidence small", async () => {
    const answer = Array.from({ length: 900 }, (_, at) => `${"deep/".repeat(200)}file${at}.py`).join("\n");
    expect(JSON.stringify(await graded(answer)).length).toBeLessThan(40_000);
  });

  test("reads the largest answer in one go", async () => {
    for (const filler of ["[", "`", "a/", "](", '{"files":']) {
      const answer = filler.repeat(Math.floor(1_000_000 / filler.length));
      expect(await reward(answer)).toBe(0);
    }
  });

  test("refuses a task whose files are given twice or lie outside the workspace", async () => {
    const check = (files: readonly string[]) =>
      fileF1Grader.check?.(fileF1GraderSpec.parse({ type: "file_f1", files }), {} as TaskFolder);
    await expect(check(["a.py", "./a.py"])).rejects.toThrow(BerthError);
    await expect(check(["/a.py"])).rejects.toThrow("not relative to the workspace");
    await expect(check(["../a.py"])).rejects.toThrow("not relative to the workspace");
    await expect(check(["a.py", "b/a.py"])).resolves.toBeUndefined();
  });
});
