import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BerthError } from "../../../../src/core/errors.ts";
import { editFile } from "../../../../src/tool/files/edit-file.ts";
import { callTool } from "../../../support/tool-call.ts";
import { TreeGuest } from "../../../support/tree-guest.ts";

async function edit(
  content: string | Buffer,
  old_string: string,
  new_string: string,
  more: Record<string, unknown> = {},
) {
  const guest = new TreeGuest({ "f.py": content });
  const result = await callTool(editFile, guest, { path: "f.py", old_string, new_string, ...more });
  return { ...result, after: guest.text("f.py"), guest };
}

describe("an edit that fits", () => {
  test("replaces the text and says its line", async () => {
    const { output, after, data } = await edit("a\nb\nc\n", "b\nc", "B");
    expect(after).toBe("a\nB\n");
    expect(output).toBe("edited f.py at line 2\n");
    expect(data).toEqual({ path: "f.py", lines: [2], replacements: 1 });
  });

  test("replaces all occurrences when asked, without overlaps", async () => {
    const { output, after } = await edit("aaaa\nx\naa", "aa", "b", { replace_all: true });
    expect(after).toBe("bb\nx\nb");
    expect(output).toBe("edited f.py at lines 1, 1, 3 (3 replacements)\n");
  });

  test("works on characters of several bytes, at both ends of the file", async () => {
    expect((await edit("öü😀", "ü😀", "é")).after).toBe("öé");
    expect((await edit("öü😀", "öü", "")).after).toBe("😀");
  });

  test("leaves bytes that are no UTF-8 as they are", async () => {
    const { guest } = await edit(Buffer.from("caf\xe9 = 1\nx = 2\n", "latin1"), "x = 2", "x = 3");
    expect(guest.nodes.get("f.py")?.content.toString("latin1")).toBe("caf\xe9 = 1\nx = 3\n");
  });

  test("keeps CR LF when the model writes LF", async () => {
    expect((await edit("a\r\nb\r\nc\r\n", "a\nb", "1\n2\n3")).after).toBe("1\r\n2\r\n3\r\nc\r\n");
    expect((await edit("a\r\nb\r\n", "b", "b\nc")).after).toBe("a\r\nb\r\nc\r\n");
  });

  test("takes carriage returns at their word when the model writes them", async () => {
    expect((await edit("a\r\nb\r\n", "a\r\nb", "a\nb")).after).toBe("a\nb\r\n");
    expect((await edit("a\r\nb\n", "b\n", "b\nc\n")).after).toBe("a\r\nb\nc\n");
  });

  test("is the same as splitting and joining, whatever the text", async () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "\n", "ü", " ") });
    const property = fc.asyncProperty(
      text,
      text.filter((old) => old !== ""),
      text,
      async (content, old, fresh) => {
        fc.pre(old !== fresh);
        const { after, error } = await edit(content, old, fresh, { replace_all: true });
        const expected = content.includes(old) ? undefined : "edit_not_found";
        expect([after, error?.code]).toEqual([content.split(old).join(fresh), expected]);
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });
});

describe("an edit that does not fit changes nothing and says", () => {
  test("where the text occurs, when it occurs more than once", async () => {
    const { output, after, error } = await edit("x\ny\nx\n", "x", "z");
    expect([after, error?.code]).toEqual(["x\ny\nx\n", "edit_not_unique"]);
    expect(output).toContain("occurs 2 times in f.py: at lines 1, 3.");
    expect(output).toContain("set replace_all");
  });

  test("that overlapping occurrences are ambiguous", async () => {
    expect((await edit("aaa", "aa", "b")).error?.code).toBe("edit_not_unique");
  });

  test("only so many lines of a text that occurs very often", async () => {
    const { output } = await edit("x\n".repeat(5000), "x", "z");
    expect(output).toContain("occurs 5000 times");
    expect(output).toContain("20 and 4980 more.");
  });

  test.each([
    [
      "def f():\n    return 1\n",
      "def f():\n  return 1",
      "Line 1 is `def f():`, but at line 2 white space differs: the file has `    return 1`, old_string has `  return 1`.",
    ],
    ["    x = 1\n", "\tx = 1", "Line 1 is `    x = 1`; white space differs from `\tx = 1` in old_string."],
    ["a = compute(1)\n", "a = compute(2)", "The most similar line is line 1: `a = compute(1)`."],
    [
      "if x:\n  a\nif x:\n  b\n",
      "if x:\n  b\nc",
      "Line 3 is `if x:`, but the file ends at line 4, before the text does.",
    ],
    [
      "if x:\n  a\nif x:\n  b\nd\n",
      "if x:\n  b\nc",
      "but at line 5 the text differs: the file has `d`, old_string has `c`.",
    ],
    ["abc\n", "entirely different", "old_string does not occur in f.py. Read"],
    ["abc\n", "  \n ", "It is white space only."],
    ["", "x", "old_string does not occur in f.py. Read"],
  ])("what is nearest in %j to %j", async (content, old, hint) => {
    const { output, after, error } = await edit(content, old, "new");
    expect([after, error?.code]).toEqual([content, "edit_not_found"]);
    expect(output).toContain(hint);
  });

  test("that both texts are the same, or the old one empty", async () => {
    expect((await edit("a", "a", "a")).error?.code).toBe("invalid_arguments");
    await expect(edit("a", "", "b")).rejects.toMatchObject({ code: "invalid_arguments" });
  });

  test("that the file is missing, binary, a directory or too large", async () => {
    const guest = new TreeGuest({ bin: Buffer.from("a\0b"), "d/x": "", big: Buffer.alloc(4 * 1024 * 1024 + 1, "a") });
    const codes = [];
    for (const path of ["nowhere", "bin", "d", "big"]) {
      codes.push((await callTool(editFile, guest, { path, old_string: "a", new_string: "b" })).error?.code);
    }
    expect(codes).toEqual(["file_not_found", "not_text", "not_a_file", "file_too_large"]);
  });

  test("that the result would be too large, before it is made", async () => {
    const { error, output } = await edit("a".repeat(100_000), "a", "b".repeat(900_000), { replace_all: true });
    expect(error?.code).toBe("file_too_large");
    expect(output).toContain("would grow to 90000000000 bytes");
  });
});

describe("a file that another process changes meanwhile", () => {
  test("is edited as that process left it", async () => {
    const guest = new TreeGuest({ "f.py": "a\nb\n" });
    let times = 0;
    guest.beforeChange = () => {
      if ((times += 1) === 1) guest.put("f.py", "a\nb\nc\n");
    };
    const result = await callTool(editFile, guest, { path: "f.py", old_string: "a", new_string: "A" });
    expect(result.error).toBeUndefined();
    expect(guest.text("f.py")).toBe("A\nb\nc\n");
  });

  test("is left alone when the text is gone, or when it never rests", async () => {
    const guest = new TreeGuest({ "f.py": "a\n" });
    guest.beforeChange = () => guest.put("f.py", "other\n");
    const gone = await callTool(editFile, guest, { path: "f.py", old_string: "a", new_string: "A" });
    expect([gone.error?.code, guest.text("f.py")]).toEqual(["edit_not_found", "other\n"]);
    let count = 0;
    guest.put("f.py", "a\n");
    guest.beforeChange = () => guest.put("f.py", `a\n${(count += 1)}\n`);
    const restless = await callTool(editFile, guest, { path: "f.py", old_string: "a", new_string: "A" });
    expect([restless.error?.code, guest.text("f.py")]).toEqual(["edit_not_found", "a\n4\n"]);
  });
});

test("a failure of the sandbox is not an answer", async () => {
  const guest = new TreeGuest({ "f.py": "a\n" });
  guest.beforeChange = () => {
    throw new BerthError("sandbox_lost", "Gone.");
  };
  await expect(callTool(editFile, guest, { path: "f.py", old_string: "a", new_string: "b" })).rejects.toMatchObject({
    code: "sandbox_lost",
  });
});

test("hostile repetition takes linear time", async () => {
  const content = "a".repeat(2_000_000);
  const began = performance.now();
  const { error } = await edit(content, `b${"a".repeat(200_000)}`, "x");
  expect(error?.code).toBe("edit_not_found");
  expect((await edit(content, `${"a".repeat(200_000)}b`, "x")).error?.code).toBe("edit_not_found");
  expect(performance.now() - began).toBeLessThan(3000);
});
