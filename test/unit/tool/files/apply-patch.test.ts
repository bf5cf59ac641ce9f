import { describe, expect, test } from "vitest";
import { BerthError } from "../../../../src/core/errors.ts";
import { applyPatch } from "../../../../src/tool/files/apply-patch.ts";
import { callTool } from "../../../support/tool-call.ts";
import { TreeGuest } from "../../../support/tree-guest.ts";

const v4a = (...lines: string[]): string => ["*** Begin Patch", ...lines, "*** End Patch"].join("\n");

async function apply(files: Record<string, string | Buffer>, patch: string) {
  const guest = new TreeGuest(files);
  const result = await callTool(applyPatch, guest, { patch });
  return { ...result, files: guest.files(), guest };
}

describe("a V4A patch", () => {
  test("updates, adds, deletes and moves in one go, and says what it did where", async () => {
    const { files, output, data } = await apply(
      { "a.py": "class A:\n    x = 1\n    y = 2\n", "old.py": "gone\n", "c.py": "c = 1\n", keep: "k" },
      v4a(
        "*** Update File: a.py",
        "@@ class A:",
        "-    x = 1",
        "+    x = 10",
        "     y = 2",
        "*** Add File: new/b.py",
        "+first",
        "+",
        "+last",
        "*** Delete File: old.py",
        "*** Update File: c.py",
        "*** Move to: d/c.py",
        "@@",
        "-c = 1",
        "+c = 2",
      ),
    );
    expect(files).toEqual({
      "a.py": "class A:\n    x = 10\n    y = 2\n",
      "new/b.py": "first\n\nlast\n",
      "d/c.py": "c = 2\n",
      keep: "k",
    });
    expect(output).toBe(
      "updated a.py (+1 -1, at line 2)\nadded new/b.py (3 lines)\ndeleted old.py\nmoved c.py to d/c.py (+1 -1, at line 1)\n",
    );
    expect(data?.["files"]).toHaveLength(4);
  });

  test("may be packed into a heredoc or a code fence, use CR LF, or come in several parts", async () => {
    const body = v4a("*** Update File: f", "@@", "-a", "+b");
    for (const patch of [
      `apply_patch <<'EOF'\n${body}\nEOF\n`,
      `\`\`\`\n${body}\n\`\`\``,
      body.replaceAll("\n", "\r\n"),
      `\n\n${body}\n\n`,
    ]) {
      expect((await apply({ f: "a\n" }, patch)).files).toEqual({ f: "b\n" });
    }
    expect((await apply({ f: "a\n", g: "a\n" }, `${body}\n${body.replace("File: f", "File: g")}`)).files).toEqual({
      f: "b\n",
      g: "b\n",
    });
  });

  test("sees in one part what the parts before did", async () => {
    const { files } = await apply(
      { f: "a\n", g: "g\n" },
      v4a(
        "*** Update File: f",
        "-a",
        "+b",
        "*** Update File: /workspace/f",
        "-b",
        "+c",
        "*** Add File: h",
        "+1",
        "*** Update File: h",
        "-1",
        "+2",
        "*** Delete File: g",
        "*** Add File: g",
        "+new",
      ),
    );
    expect(files).toMatchObject({ f: "c\n", h: "2\n", g: "new\n" });
  });

  test("moves a file as it is, its mode included, and adds an empty one", async () => {
    const guest = new TreeGuest();
    guest.put("run.sh", "#!/bin/sh\n", 0o755);
    await callTool(applyPatch, guest, {
      patch: v4a("*** Update File: run.sh", "*** Move to: bin/run.sh", "*** Add File: empty"),
    });
    expect(guest.files()).toEqual({ "bin/run.sh": "#!/bin/sh\n", empty: "" });
    expect(guest.nodes.get("bin/run.sh")?.mode).toBe(0o755);
  });

  test("keeps a missing line end, CR LF, and bytes that are no UTF-8", async () => {
    expect((await apply({ f: "a\nb" }, v4a("*** Update File: f", "-b", "+c"))).files).toEqual({ f: "a\nc" });
    expect((await apply({ f: "a\nb" }, v4a("*** Update File: f", " b", "+c"))).files).toEqual({ f: "a\nb\nc" });
    expect((await apply({ f: "a\r\nb\r\n" }, v4a("*** Update File: f", " a", "-b", "+c", "+d"))).files).toEqual({
      f: "a\r\nc\r\nd\r\n",
    });
    expect((await apply({ f: "a\r\nb" }, v4a("*** Update File: f", " b", "+c"))).files).toEqual({ f: "a\r\nb\r\nc" });
    const { guest } = await apply({ f: Buffer.from("\xe9\nü\n", "latin1") }, v4a("*** Update File: f", "@@", "+ü"));
    expect(guest.nodes.get("f")?.content.toString("latin1")).toBe("\xe9\nü\n\xc3\xbc\n");
  });

  test("may empty a file, and fill an empty one", async () => {
    expect((await apply({ f: "a\nb\n" }, v4a("*** Update File: f", "-a", "-b"))).files).toEqual({ f: "" });
    expect((await apply({ f: "" }, v4a("*** Update File: f", "+a", "+b"))).files).toEqual({ f: "a\nb\n" });
  });

  test("works with characters outside ASCII in paths and texts", async () => {
    const { files } = await apply(
      { "süß/😀.txt": "à\nñ\n" },
      v4a("*** Update File: süß/😀.txt", "@@ à", "-ñ", "+日本"),
    );
    expect(files).toEqual({ "süß/😀.txt": "à\n日本\n" });
  });
});

describe("a unified diff", () => {
  test("of git updates, adds, deletes, renames and sets modes", async () => {
    const { files, guest, output } = await apply(
      { "a.txt": "1\n2\n3\n", "gone.txt": "x\ny\n", "from.txt": "same\n", "run.sh": "r\n", "moved.txt": "old\n" },
      `diff --git a/a.txt b/a.txt
index 1..2 100644
--- a/a.txt
+++ b/a.txt
@@ -1,3 +1,3 @@ heading
 1
-2
+zwei
 3
diff --git a/new.txt b/new.txt
new file mode 100755
--- /dev/null
+++ b/new.txt
@@ -0,0 +1,2 @@
+n
+m
diff --git a/gone.txt b/gone.txt
deleted file mode 100644
--- a/gone.txt
+++ /dev/null
@@ -1,2 +0,0 @@
-x
-y
diff --git a/from.txt b/sub/to.txt
similarity index 100%
rename from from.txt
rename to sub/to.txt
diff --git a/moved.txt b/moved2.txt
similarity index 50%
rename from moved.txt
rename to moved2.txt
--- a/moved.txt
+++ b/moved2.txt
@@ -1 +1 @@
-old
+new
diff --git a/run.sh b/run.sh
old mode 100644
new mode 100755
diff --git a/empty b/empty
new file mode 100644
index 0000000..e69de29
`,
    );
    expect(files).toEqual({
      "a.txt": "1\nzwei\n3\n",
      "new.txt": "n\nm\n",
      "sub/to.txt": "same\n",
      "moved2.txt": "new\n",
      "run.sh": "r\n",
      empty: "",
    });
    expect(guest.nodes.get("run.sh")?.mode).toBe(0o755);
    expect(guest.nodes.get("new.txt")?.mode).toBe(0o755);
    expect(output).toContain("moved moved.txt to moved2.txt (+1 -1, at line 1)");
  });

  test("without git's prefixes, with times, quotes and mail around it, is read as well", async () => {
    const { files } = await apply(
      { "f.c": "a\n", "ü b.c": "a\n" },
      "From 123 Mon\nSubject: x\n---\n f.c | 2 +-\n\n--- f.c\t2024-01-01 00:00:00\n+++ f.c\t2024-01-02\n@@ -1 +1 @@\n-a\n+b\n" +
        '--- "a/\\303\\274 b.c"\n+++ "b/\\303\\274 b.c"\n@@ -1 +1 @@\n-a\n+c\n-- \n2.39.0\n\n',
    );
    expect(files).toEqual({ "f.c": "b\n", "ü b.c": "c\n" });
  });

  test.each(["@@ -1,9 +1,9 @@", "@@ -1,1 +1,1 @@", "@@ -7,2 +7,2 @@", "@@", "@@ ... @@", "@@ -a,b +c,d @@"])(
    "with the wrong numbers of a model's header %s still fits by its lines",
    async (header) => {
      const patch = `--- a/f\n+++ b/f\n${header}\n x\n-2\n+zwei\n\n y\n--- a/g\n+++ b/g\n@@ -1 +1 @@\n-g\n+h\n`;
      expect((await apply({ f: "1\nx\n2\n\ny\n", g: "g\n" }, patch)).files).toEqual({
        f: "1\nx\nzwei\n\ny\n",
        g: "h\n",
      });
    },
  );

  test("takes its place by line number where the lines occur several times", async () => {
    const patch = "--- a/f\n+++ b/f\n@@ -5,1 +5,1 @@\n-x\n+y\n";
    expect((await apply({ f: "x\nx\nx\nx\nx\nx\n" }, patch)).files).toEqual({ f: "x\nx\nx\nx\ny\nx\n" });
    const shifted = "--- a/f\n+++ b/f\n@@ -4,2 +4,2 @@\n-x\n+y\n z\n";
    expect((await apply({ f: "x\nz\n\n\n\nx\nz\n\n\n\n\n\n\nx\nz\n" }, shifted)).files).toEqual({
      f: "x\nz\n\n\n\ny\nz\n\n\n\n\n\n\nx\nz\n",
    });
  });

  test("minds the marks of missing line ends", async () => {
    const mark = "\\ No newline at end of file\n";
    const diff = (body: string) => `--- a/f\n+++ b/f\n@@ -1 +1 @@\n${body}`;
    expect((await apply({ f: "a" }, diff(`-a\n${mark}+b\n`))).files).toEqual({ f: "b\n" });
    expect((await apply({ f: "a\n" }, diff(`-a\n+b\n${mark}`))).files).toEqual({ f: "b" });
    expect((await apply({ f: "a" }, diff(`-a\n${mark}+b\n${mark}`))).files).toEqual({ f: "b" });
    expect((await apply({}, `--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+a\n${mark}`)).files).toEqual({ f: "a" });
  });

  test("changes line ends when it spells them out", async () => {
    expect((await apply({ f: "a\r\nb\r\n" }, "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n-a\r\n+a\n b\r\n")).files).toEqual({
      f: "a\nb\r\n",
    });
  });

  test("removes lines that look like headers", async () => {
    const patch = "--- a/f\n+++ b/f\n@@ -1,3 +1,2 @@\n--- a comment\n-x\n+++ more\n y\n";
    expect((await apply({ f: "-- a comment\nx\ny\n" }, patch)).files).toEqual({ f: "++ more\ny\n" });
  });
});

describe("a patch that does not fit changes nothing and says", () => {
  const before = { "f.py": "def f():\n    return 1\n\ndef g():\n    return 1\n", "d/x": "", bin: Buffer.from("a\0\n") };

  test.each([
    ["prose", "please change x", "invalid_patch", "Line 1 of the patch: no change was found."],
    ["no begin", "*** Update File: f.py\n@@\n-a\n+b", "invalid_patch", "it has no `*** Begin Patch` line"],
    [
      "no end",
      "*** Begin Patch\n*** Update File: f.py\n@@\n-a\n+b",
      "invalid_patch",
      "ends without `*** End Patch`; perhaps it was cut off",
    ],
    [
      "text behind",
      `${v4a("*** Delete File: f.py")}\nand more`,
      "invalid_patch",
      "text after `*** End Patch`: `and more`",
    ],
    ["junk", v4a("*** Rename File: f.py"), "invalid_patch", "Line 2 of the patch: expected `*** Update File: PATH`"],
    ["no path", v4a("*** Add File: "), "invalid_patch", "the path is missing"],
    ["no hunks", v4a("*** Update File: f.py"), "invalid_patch", "the update of f.py has no changes"],
    [
      "empty hunk",
      v4a("*** Update File: f.py", "@@ def f():"),
      "invalid_patch",
      "the `@@` section of f.py has no lines",
    ],
    [
      "no prefix",
      v4a("*** Update File: f.py", "@@", "def f():"),
      "invalid_patch",
      "Line 4 of the patch: in the update of f.py each line must start with a space",
    ],
    [
      "no plus",
      v4a("*** Add File: n", "text"),
      "invalid_patch",
      "every line of the added file n must start with `+`, found `text`",
    ],
    ["hunk alone", "@@ -1 +1 @@\n-a\n+b\n", "invalid_patch", "a hunk without `---` and `+++` lines"],
    [
      "binary diff",
      "diff --git a/f b/f\nGIT binary patch\nliteral 0\n",
      "invalid_patch",
      "binary changes are not supported",
    ],
    [
      "copy",
      "diff --git a/f b/g\nsimilarity index 100%\ncopy from f\ncopy to g\n",
      "invalid_patch",
      "copies and binary",
    ],
    [
      "link",
      "diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+/etc\n",
      "invalid_patch",
      "links and submodules",
    ],
    ["no change", "--- a/f.py\n+++ b/f.py\n", "invalid_patch", "the diff of f.py has no changes"],
    [
      "bad line",
      "--- a/f.py\n+++ b/f.py\n@@ -1,2 +1,2 @@\n-a\nb\n",
      "invalid_patch",
      "Line 5 of the patch: each line of a hunk must start",
    ],
    [
      "old lines in a new file",
      "--- /dev/null\n+++ b/n\n@@ -1 +1 @@\n-a\n+b\n",
      "invalid_patch",
      "the new file n must have `+` lines only",
    ],
    [
      "no name",
      "diff --git a/x b/y\nold mode 100644\nnew mode 100755\n",
      "invalid_patch",
      "the file's name cannot be told",
    ],
    [
      "missing file",
      v4a("*** Update File: no.py", "-a"),
      "file_not_found",
      "The patch updates no.py, but there is no such file.",
    ],
    [
      "missing file to delete",
      v4a("*** Delete File: no.py"),
      "file_not_found",
      "The patch deletes no.py, but there is no such file.",
    ],
    [
      "deleted twice",
      v4a("*** Delete File: f.py", "*** Delete File: f.py"),
      "file_not_found",
      "The patch deletes f.py",
    ],
    [
      "updated after delete",
      v4a("*** Delete File: f.py", "*** Update File: f.py", "-a"),
      "file_not_found",
      "The patch updates f.py",
    ],
    [
      "added twice",
      v4a("*** Add File: n", "+a", "*** Add File: n", "+b"),
      "file_exists",
      "The patch adds n, but it exists already",
    ],
    ["existing file", v4a("*** Add File: f.py", "+a"), "file_exists", "The patch adds f.py, but it exists already."],
    [
      "existing target",
      v4a("*** Update File: f.py", "*** Move to: d/x"),
      "file_exists",
      "The patch moves f.py to d/x, but it exists",
    ],
    ["directory", v4a("*** Delete File: d"), "not_a_file", "d is a directory"],
    ["binary file", v4a("*** Update File: bin", "-a"), "not_text", "bin is binary"],
    ["outside", v4a("*** Add File: ../x", "+a"), "outside_workspace", "outside the workspace"],
    ["outside, absolute", v4a("*** Update File: /etc/passwd", "-a"), "outside_workspace", "outside the workspace"],
    [
      "partial delete",
      "--- a/f.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-def f():\n",
      "invalid_patch",
      "its hunks do not remove all of its lines",
    ],
  ])("%s", async (_name, patch, code, said) => {
    const { guest, output, error } = await apply(before, patch);
    expect(output).toContain(said);
    expect(error?.code).toBe(code);
    expect(guest.changes).toEqual([]);
  });

  test.each([
    [
      "hunk 2 of 2 (line 7 of the patch): its first 1 of 2 old lines stand at line 4, but then it has `    return 2` where line 5 of the file has `    return 1`.",
      ["@@", "-def f():", "+def ff():", "@@", " def g():", "-    return 2", "+    return 3"],
    ],
    ["its first line, `nowhere`, is nowhere in the file.", ["@@", "-nowhere", "+x"]],
    ["but indented otherwise: the file has `    return 1` there.", ["@@", "-return 1", "+return 2"]],
    [
      "its lines stand at line 1, before the end of the hunk above it",
      ["@@", " def g():", "+    pass", "@@", " def f():", "+    pass"],
    ],
    ["the file has no line `def h():`, which the hunk's `@@` names", ["@@ def h():", "+    pass"]],
    ["but not at the end of the file as the hunk says", ["@@", " def f():", "+    pass", "*** End of File"]],
    ["where line 6 of the file ends.", ["@@", " def g():", "     return 1", " more", "+    pass"]],
  ])("%s", async (said, hunks) => {
    const { output, error, guest } = await apply(
      before,
      v4a("*** Delete File: d/x", "*** Update File: f.py", ...hunks),
    );
    expect(output).toContain(said);
    expect(output).toContain("f.py, hunk");
    expect(error?.code).toBe("invalid_patch");
    expect(guest.changes).toEqual([]);
  });
});

describe("where a hunk is applied", () => {
  const classes = "class A:\n    def f(self):\n        return 1\nclass B:\n    def f(self):\n        return 1\n";

  test("anchors narrow it down, step by step, without regard to indentation", async () => {
    const patch = v4a("*** Update File: f", "@@ class B:", "@@ def f(self):", "-        return 1", "+        return 2");
    expect((await apply({ f: classes }, patch)).files).toEqual({ f: `${classes.slice(0, -2)}2\n` });
  });

  test("an anchor that a hunk before has passed still counts", async () => {
    const patch = v4a(
      "*** Update File: f",
      "@@ class A:",
      "-    def f(self):",
      "+    def g(self):",
      "@@ class A:",
      "-        return 1",
      "+        return 3",
    );
    expect((await apply({ f: classes }, patch)).files).toEqual({
      f: classes.replace("f(self)", "g(self)").replace("1", "3"),
    });
  });

  test("a hunk that only adds goes behind its anchor, or to the end", async () => {
    expect((await apply({ f: "a\nb\n" }, v4a("*** Update File: f", "@@ a", "+x"))).files).toEqual({ f: "a\nx\nb\n" });
    expect((await apply({ f: "a\nb\n" }, v4a("*** Update File: f", "@@", "+x"))).files).toEqual({ f: "a\nb\nx\n" });
    expect((await apply({ f: "a\nb\n" }, "--- a/f\n+++ b/f\n@@ -1,0 +2 @@\n+x\n")).files).toEqual({ f: "a\nx\nb\n" });
  });

  test("the first of several places is taken, and that is said", async () => {
    const { files, output } = await apply({ f: "x\ny\nx\n" }, v4a("*** Update File: f", "@@", "-x", "+z"));
    expect(files).toEqual({ f: "z\ny\nx\n" });
    expect(output).toContain("note: the lines that hunk 1 replaced stood at line 3 too; the first place was taken.");
  });

  test("End of File takes the last of several places", async () => {
    expect(
      (await apply({ f: "x\ny\nx\n" }, v4a("*** Update File: f", "@@", "-x", "+z", "*** End of File"))).files,
    ).toEqual({ f: "x\ny\nz\n" });
  });

  test("trailing white space may differ and is kept in lines that stay", async () => {
    const { files } = await apply({ f: "a  \nb\t\nc\n" }, v4a("*** Update File: f", " a", "-b", "+B", " c "));
    expect(files).toEqual({ f: "a  \nB\nc\n" });
  });

  test("bytes of a character are not taken for white space", async () => {
    const { error } = await apply({ f: Buffer.from("x\xc3\n", "latin1") }, v4a("*** Update File: f", "-xà", "+y"));
    expect(error?.code).toBe("invalid_patch");
  });

  test("a blank last line of a hunk may stand for the end of the file", async () => {
    expect((await apply({ f: "a\nb\n" }, v4a("*** Update File: f", " a", "-b", "+c", " "))).files).toEqual({
      f: "a\nc\n",
    });
  });

  test("blank lines between the parts of a patch are no context", async () => {
    const patch = v4a("", "*** Update File: f", "", "@@", "-a", "+b", "", "*** Update File: g", "-a", "+b", "");
    expect((await apply({ f: "a\nx\n", g: "a\n" }, patch)).files).toEqual({ f: "b\nx\n", g: "b\n" });
  });
});

describe("a failure while the patch is written", () => {
  const files = { a: "a\n", b: "b\n", c: "c\n", d: "d\n" };
  const patch = v4a(
    "*** Delete File: a",
    "*** Delete File: d",
    "*** Update File: b",
    "-b",
    "+B",
    "*** Add File: n",
    "+n",
    "*** Update File: c",
    "-c",
    "+C",
  );

  test.each(["write b", "write n", "write c", "remove a", "remove d"])("at `%s` is undone", async (failing) => {
    const guest = new TreeGuest(files);
    guest.put("b", "b\n", 0o755);
    guest.beforeChange = (change) => {
      if (change !== failing) return;
      guest.beforeChange = () => {};
      throw new BerthError("no_space", "The disk is full.");
    };
    const { output, error } = await callTool(applyPatch, guest, { patch });
    expect(guest.files()).toEqual(files);
    expect(guest.nodes.get("b")?.mode).toBe(0o755);
    expect(error?.code).toBe("no_space");
    expect(output).toMatch(/^Error: \w: The disk is full\. Nothing was changed\. Remove files/);
  });

  test("that cannot be undone says which files are left", async () => {
    const guest = new TreeGuest(files);
    guest.beforeChange = (change) => {
      if (change === "write c") {
        guest.beforeChange = () => {
          throw new BerthError("permission_denied", "No.");
        };
        throw new BerthError("no_space", "The disk is full.");
      }
    };
    const { output } = await callTool(applyPatch, guest, { patch });
    expect(output).toContain("These files could not be put back as they were: n, b.");
  });

  test("does not lose what another process wrote meanwhile", async () => {
    const guest = new TreeGuest(files);
    guest.beforeChange = (change) => {
      if (change === "write c") guest.put("c", "changed by another\n");
    };
    const { error, output } = await callTool(applyPatch, guest, { patch });
    expect(guest.files()).toEqual({ ...files, c: "changed by another\n" });
    expect([error?.code, output]).toEqual(["edit_not_found", expect.stringContaining("Nothing was changed.")]);
  });

  test("that loses the sandbox is not an answer", async () => {
    const guest = new TreeGuest(files);
    guest.beforeChange = () => {
      throw new BerthError("sandbox_lost", "Gone.");
    };
    await expect(callTool(applyPatch, guest, { patch })).rejects.toMatchObject({ code: "sandbox_lost" });
  });

  test("leaves links alone until all else is done", async () => {
    const guest = new TreeGuest(files);
    guest.link("link");
    await callTool(applyPatch, guest, {
      patch: v4a("*** Delete File: link", "*** Delete File: a", "*** Add File: n", "+n"),
    });
    expect(guest.changes).toEqual(["write n", "remove a", "remove link"]);
  });

  test("does not come from a directory that takes a deleted file's place", async () => {
    const { files: after } = await apply({ a: "a\n" }, v4a("*** Delete File: a", "*** Add File: a/b", "+b"));
    expect(after).toEqual({ "a/b": "b\n" });
  });
});

describe("limits", () => {
  test("a file that is too large, and files that are too large together, are refused", async () => {
    const big = Buffer.alloc(4 * 1024 * 1024 + 1, "a");
    expect((await apply({ big }, v4a("*** Update File: big", "-a", "+b"))).error?.code).toBe("file_too_large");
    const half = Buffer.from(`a\n${"b".repeat(3 * 1024 * 1024)}\n`);
    const names = Array.from({ length: 6 }, (_, index) => `f${index}`);
    const patch = v4a(...names.flatMap((name) => [`*** Update File: ${name}`, "-a", "+b"]));
    const { error, guest } = await apply(Object.fromEntries(names.map((name) => [name, half])), patch);
    expect([error?.code, guest.changes]).toEqual(["file_too_large", []]);
  });

  test("a large or binary file can be deleted", async () => {
    const big = Buffer.alloc(4 * 1024 * 1024 + 1);
    expect((await apply({ big, bin: "\0" }, v4a("*** Delete File: big", "*** Delete File: bin"))).files).toEqual({});
  });

  test("a patch of too many files is refused", async () => {
    const patch = v4a(...Array.from({ length: 1001 }, (_, index) => `*** Delete File: f${index}`));
    expect((await apply({}, patch)).output).toContain("it touches 1001 files; the most is 1000");
  });

  const repeated = (line: string, count: number): string => `${line}\n`.repeat(count).slice(0, -1);
  test.each([
    ["equal lines", { f: "a\n".repeat(2_000_000) }, v4a("*** Update File: f", "@@", repeated(" a", 100_000), "-b")],
    [
      "hunks that nearly fit",
      { f: `${"a\n".repeat(200_000)}b\n` },
      v4a("*** Update File: f", repeated("@@\n a\n-b\n+b", 50_000)),
    ],
    ["loose hunks", { f: "a \nb\n".repeat(40_000) }, v4a("*** Update File: f", repeated("@@\n a\n b\n a\n+x", 40_000))],
    ["anchors", { f: "a\nb\n".repeat(100_000) }, v4a("*** Update File: f", repeated("@@ b", 150_000), "-zzz")],
    [
      "anchors that are passed",
      { f: `a\n${"b\n".repeat(300_000)}` },
      v4a("*** Update File: f", repeated("@@ a\n-b", 80_000)),
    ],
    [
      "blank lines",
      { f: "a\n" },
      v4a("*** Update File: f", "\n".repeat(900_000), "-x", "*** Add File: n", "\n".repeat(50_000), "x"),
    ],
    [
      "spaces in a header",
      { f: "a\n" },
      `*** Begin Patch\n*** Add File: ${" a".repeat(400_000)}\n${" ".repeat(100_000)}x`,
    ],
    ["hunks with lying counts", { f: "a\n" }, `--- a/f\n+++ b/f\n${repeated("@@ -1,999999 +1,999999 @@\n a", 28_000)}`],
    ["headers only", { f: "a\n" }, repeated("--- a/f\n+++ b/f", 50_000)],
    ["carriage returns", { f: "a\n" }, v4a("*** Update File: f", ` ${"\r".repeat(900_000)}x`)],
    ["quotes", { f: "a\n" }, `--- "${"\\".repeat(450_000)}\n+++ "${'\\"'.repeat(200_000)}\n@@ -1 +1 @@\n-a\n+b\n`],
    ["numbers", { f: "x\n".repeat(500_000) }, `--- a/f\n+++ b/f\n${repeated("@@ -499999 +1 @@\n x\n-y", 40_000)}`],
  ])("hostile repetition takes linear time: %s", async (_name, files, patch) => {
    const began = performance.now();
    const { error } = await apply(files, patch.slice(0, 1_000_000));
    expect(error).toBeDefined();
    expect(performance.now() - began).toBeLessThan(5000);
  });
});
