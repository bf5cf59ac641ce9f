import { expect, test } from "vitest";
import { BerthError } from "../../../../src/core/errors.ts";
import { writeFile } from "../../../../src/tool/files/write-file.ts";
import { callTool } from "../../../support/tool-call.ts";
import { TreeGuest } from "../../../support/tree-guest.ts";

test("a new file is made with the directories above it", async () => {
  const guest = new TreeGuest();
  const result = await callTool(writeFile, guest, { path: "a/b/ü.txt", content: "ü\nno end" });
  expect(guest.files()).toEqual({ "a/b/ü.txt": "ü\nno end" });
  expect(result.output).toBe("created a/b/ü.txt (2 lines, 9 bytes)\n");
});

test("a file that is there is replaced and keeps its mode", async () => {
  const guest = new TreeGuest();
  guest.put("run", "old", 0o755);
  expect((await callTool(writeFile, guest, { path: "run", content: "" })).output).toBe(
    "replaced run (0 lines, 0 bytes)\n",
  );
  expect(guest.nodes.get("run")?.mode).toBe(0o755);
  await callTool(writeFile, guest, { path: "run", content: "x\n", executable: false });
  expect(guest.nodes.get("run")?.mode).toBe(0o644);
});

test("a path outside the workspace, a directory and a full disk are answered", async () => {
  const guest = new TreeGuest({ "d/x": "" });
  expect((await callTool(writeFile, guest, { path: "/etc/x", content: "" })).error?.code).toBe("outside_workspace");
  expect((await callTool(writeFile, guest, { path: "d", content: "" })).error?.code).toBe("not_a_file");
  guest.beforeChange = () => {
    throw new BerthError("no_space", "The disk is full.");
  };
  expect((await callTool(writeFile, guest, { path: "y", content: "" })).error?.code).toBe("no_space");
});
