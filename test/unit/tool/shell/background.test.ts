import { expect, test } from "vitest";
import { BerthError } from "../../../../src/core/errors.ts";
import { backgroundOutput } from "../../../../src/tool/shell/background/output.ts";
import { backgroundStart } from "../../../../src/tool/shell/background/start.ts";
import { backgroundStatus } from "../../../../src/tool/shell/background/status.ts";
import { backgroundStop } from "../../../../src/tool/shell/background/stop.ts";
import { callTool } from "../../../support/tool-call.ts";
import { TreeGuest } from "../../../support/tree-guest.ts";

test("a command is started, listed, read and stopped by its name", async () => {
  const guest = new TreeGuest();
  expect((await callTool(backgroundStart, guest, { name: "web", command: "serve" })).output).toBe("started web\n");
  expect((await callTool(backgroundStatus, guest, {})).output).toBe("web: running for 0 s, 0 bytes written\n");
  guest.onOutput = async (callId) => {
    expect(callId).toBe("call_1");
    return { bytes: Buffer.from("listening\n"), totalBytes: 10, spooledBytes: 10 };
  };
  const { output, data } = await callTool(backgroundOutput, guest, { name: "web" });
  expect(output).toBe("listening\n[bytes 0 to 10 of 10 of stdout, the end]\n[web: running for 0 s, 0 bytes written]\n");
  expect(data).toMatchObject({ name: "web", state: "running", end_offset: 10 });
  expect((await callTool(backgroundStop, guest, { name: "web" })).output).toBe(
    "web: ended after 0 s (stopped), 0 bytes written\n",
  );
});

test("how a command ended is said", async () => {
  const guest = new TreeGuest();
  const ended = { name: "a", callId: "c", state: "done", runningMs: 2400, stdoutBytes: 5, stderrBytes: 7 } as const;
  guest.commands = [{ ...ended, outcome: { type: "exited", code: 3 } }];
  expect((await callTool(backgroundStatus, guest, {})).output).toBe(
    "a: ended after 2 s (exit code 3), 5 bytes written, 7 to stderr\n",
  );
});

test("a name that is taken, one that is unknown and too many at once are answered with what to do", async () => {
  const guest = new TreeGuest();
  await callTool(backgroundStart, guest, { name: "web", command: "serve" });
  expect((await callTool(backgroundStart, guest, { name: "web", command: "serve" })).output).toBe(
    "Error: web is running. Choose another name, or stop that one with background_stop first.",
  );
  for (const tool of [backgroundOutput, backgroundStop]) {
    expect((await callTool(tool, guest, { name: "none" })).output).toMatch(/background_status lists the names\.$/);
  }
  guest.startBackground = () =>
    Promise.reject(new BerthError("overloaded", "8 commands are running in the background"));
  const { output, error } = await callTool(backgroundStart, guest, { name: "more", command: "x" });
  expect(error?.code).toBe("invalid_arguments");
  expect(output).toMatch(/Stop one that is not needed/);
});
