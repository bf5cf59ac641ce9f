import { expect, test } from "vitest";
import { readFile } from "../../../../src/tool/files/read-file.ts";
import { callTool } from "../../../support/tool-call.ts";
import { TreeGuest } from "../../../support/tree-guest.ts";

const numbers = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}\n`).join("");

async function read(content: string | Buffer, args: Record<string, unknown> = {}) {
  return await callTool(readFile, new TreeGuest({ "f.txt": content }), { path: "f.txt", ...args });
}

test("a whole file comes with line numbers and nothing else", async () => {
  const result = await read("one\n\ttwo\n\n");
  expect(result.output).toBe("   1\tone\n   2\t\ttwo\n   3\t\n");
  expect(result.truncated).toBe(false);
});

test("a page says which lines it has, of how many, and how to go on", async () => {
  const result = await read(numbers(1, 100), { start_line: 10, line_count: 2 });
  expect(result.output).toBe(
    "  10\tline 10\n  11\tline 11\n[lines 10 to 11 of 100 (792 bytes in all); next page: start_line 12]\n",
  );
});

test("the last page says that it is the last", async () => {
  const result = await read(numbers(1, 100), { start_line: 100 });
  expect(result.output).toBe(" 100\tline 100\n[lines 100 to 100 of 100 (792 bytes in all), the end]\n");
});

test("without line numbers the text is verbatim, carriage returns included", async () => {
  expect((await read("a\r\nb\r\n", { line_numbers: false })).output).toBe("a\r\nb\r\n");
});

test("carriage returns and a missing line end are told, not shown", async () => {
  expect((await read("a\r\nb")).output).toBe(
    "   1\ta\n   2\tb\n[lines end in CR LF]\n[no line end behind the last line]\n",
  );
});

test("an empty file and a start behind the end are said", async () => {
  expect((await read("")).output).toBe("[the file is empty]\n");
  expect((await read("a\n", { start_line: 5 })).output).toBe("[start_line 5 is behind the end: the file has 1 line]\n");
});

test("long lines are cut, and that is said", async () => {
  const result = await read(`${"x".repeat(10_000)}\nshort\n`);
  expect(result.output).toContain("[1 line longer than 8 KiB was cut; use the shell");
  expect(result.truncated).toBe(true);
});

test("a page that is full says where the next starts, and the pages together are the file", async () => {
  const lines = Array.from({ length: 400 }, (_, index) => `${index} ${"ü".repeat(1000)}\n`).join("");
  let [start, text] = [1, ""];
  for (let pages = 0; pages < 20; pages += 1) {
    const { output, data } = await read(lines, { start_line: start, line_numbers: false });
    const next = /next page: start_line (\d+)\]\n$/.exec(output)?.[1];
    text += output.replace(/\[lines .*\n$/, "");
    expect(data).toMatchObject({ total_lines: 400 });
    if (next === undefined) break;
    start = Number(next);
  }
  expect(text).toBe(lines);
});

test.each([
  ["nowhere.txt", "file_not_found"],
  ["../etc/passwd", "outside_workspace"],
  [".", "not_a_file"],
  ["f.bin", "not_text"],
])("%s is answered with %s", async (path, code) => {
  const guest = new TreeGuest({ "f.bin": Buffer.from([1, 0, 2]) });
  const result = await callTool(readFile, guest, { path });
  expect(result.error?.code).toBe(code);
  expect(result.output).toMatch(/^Error: /);
});
