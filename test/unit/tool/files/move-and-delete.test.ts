import { expect, test } from "vitest";
import { deleteFile } from "../../../../src/tool/files/delete.ts";
import { move } from "../../../../src/tool/files/move.ts";
import { stat } from "../../../../src/tool/files/stat.ts";
import { callTool } from "../../../support/tool-call.ts";
import { TreeGuest } from "../../../support/tree-guest.ts";

test("a file and a directory move, and say where", async () => {
  const guest = new TreeGuest({ "a.py": "1", "src/b.py": "2" });
  expect((await callTool(move, guest, { from: "a.py", to: "lib/a.py" })).output).toBe("moved a.py to lib/a.py\n");
  await callTool(move, guest, { from: "src", to: "lib/src" });
  expect(guest.files()).toEqual({ "lib/a.py": "1", "lib/src/b.py": "2" });
});

test("a move onto something is answered and changes nothing", async () => {
  const guest = new TreeGuest({ a: "1", b: "2" });
  const { output, error } = await callTool(move, guest, { from: "a", to: "b" });
  expect(error?.code).toBe("file_exists");
  expect(output).toMatch(/delete what is there first/);
  expect(guest.files()).toEqual({ a: "1", b: "2" });
});

test("a file is deleted, a full directory only when asked to", async () => {
  const guest = new TreeGuest({ a: "1", "d/b": "2" });
  expect((await callTool(deleteFile, guest, { path: "a" })).output).toBe("deleted a\n");
  const refused = await callTool(deleteFile, guest, { path: "d" });
  expect(refused.output).toBe(
    "Error: d is a directory that is not empty. Set recursive to delete it with all that is in it, or delete single files.",
  );
  expect((await callTool(deleteFile, guest, { path: "d", recursive: true })).output).toBe("deleted directory d\n");
  expect(guest.files()).toEqual({});
});

test("deleting what is not there is answered", async () => {
  expect((await callTool(deleteFile, new TreeGuest(), { path: "a" })).error?.code).toBe("file_not_found");
});

test("stat tells type, size and permissions", async () => {
  const guest = new TreeGuest({ "a.py": "12345" });
  guest.put("run.sh", "", 0o755);
  expect((await callTool(stat, guest, { path: "a.py" })).output).toBe("a.py: file, 5 bytes, mode 0644\n");
  expect((await callTool(stat, guest, { path: "run.sh" })).data).toMatchObject({ type: "file", mode: "0755" });
  guest.stat = async (path) => ({ path, type: "link", size: 4, mode: 0o777, target: "../x" });
  expect((await callTool(stat, guest, { path: "l" })).output).toBe('l: link, mode 0777, leads to "../x"\n');
});
