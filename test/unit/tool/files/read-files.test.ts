import { expect, test } from "vitest";
import { BerthError } from "../../../../src/core/errors.ts";
import { readFiles } from "../../../../src/tool/files/read-files.ts";
import { callTool } from "../../../support/tool-call.ts";
import { TreeGuest } from "../../../support/tree-guest.ts";

test("each file comes with its name, and one that cannot be read with the reason", async () => {
  const guest = new TreeGuest({ "a.py": "1\n", "b.py": "2\n3\n" });
  const { output, data } = await callTool(readFiles, guest, { paths: ["a.py", "none", "b.py"], line_numbers: false });
  expect(output).toBe(
    "==> a.py <==\n1\n\n==> none <==\nError: none does not exist. List the directory to see which files exist.\n\n==> b.py <==\n2\n3\n",
  );
  expect(data).toEqual({ files: 2, failed: 1, bytes: 6 });
});

test("what all files may hold is shared, and a cut is said", async () => {
  const guest = new TreeGuest({ a: "x\n".repeat(80_000), b: "y\n".repeat(80_000) });
  const { output, truncated } = await callTool(readFiles, guest, {
    paths: ["a", "b"],
    line_count: 10_000,
    line_numbers: false,
  });
  expect(truncated).toBe(true);
  expect(output.match(/\[lines 1 to 10000 of 80000/g)).toHaveLength(2);
});

test("when no file can be read, the call is an error", async () => {
  expect((await callTool(readFiles, new TreeGuest(), { paths: ["a", "b"] })).error?.code).toBe("file_not_found");
});

test("a sandbox that is lost ends the call", async () => {
  const guest = new TreeGuest({ a: "1" });
  guest.lines = () => Promise.reject(new BerthError("sandbox_lost", "gone"));
  await expect(callTool(readFiles, guest, { paths: ["a"] })).rejects.toThrow("gone");
});
