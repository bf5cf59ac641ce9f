import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { terminalClose } from "../../../src/tool/terminal/close.ts";
import { terminalList } from "../../../src/tool/terminal/list.ts";
import { terminalOpen } from "../../../src/tool/terminal/open.ts";
import { terminalRead } from "../../../src/tool/terminal/read.ts";
import { terminalResize } from "../../../src/tool/terminal/resize.ts";
import { terminalSend } from "../../../src/tool/terminal/send.ts";
import { toolSandbox, type ToolSandbox } from "../../support/tool-sandbox.ts";

let made: Awaited<ReturnType<typeof toolSandbox>>;
let sandbox: ToolSandbox;

beforeAll(async () => {
  made = await toolSandbox();
});
beforeEach(({ skip }) => {
  if ("unavailable" in made) skip(made.unavailable);
  else sandbox = made;
});
afterAll(async () => {
  if (!("unavailable" in made)) await made[Symbol.asyncDispose]();
});

test("a program that asks is answered, and what comes of it is read beside how it ended", async () => {
  const command = `printf 'name? '; read name; echo "hello $name"; exit 3`;
  const opened = await sandbox.call(terminalOpen, { name: "ask", command });
  expect(opened.output).toMatch(/^name\? \n\[ask: bash .* in \/workspace; next offset 6\]\n$/);
  const sent = await sandbox.call(terminalSend, { name: "ask", text: "Ann\n" });
  expect(sent.output).toContain("hello Ann");
  expect(sent).toMatchObject({ outcome: { type: "exited", code: 3 }, data: { state: "ended" } });
  const again = await sandbox.call(terminalRead, { name: "ask", offset: 0 });
  expect(again.output).toMatch(/^name\? Ann\r?\nhello Ann\r?\n\[ask has ended: exit code 3; next offset \d+\]\n$/);
});

test("a call that is asked again types nothing twice", async () => {
  await sandbox.call(terminalOpen, { name: "twice" });
  for (let time = 0; time < 2; time += 1) {
    await sandbox.call(terminalSend, { name: "twice", text: "echo x >> typed\n" }, { callId: "the-same" });
  }
  const counted = await sandbox.call(terminalSend, { name: "twice", text: "echo lines: $(wc -l < typed)\n" });
  expect(counted.output).toContain("lines: 1");
});

test("keys are pressed by their names, and a long wait ends with the first pause", async () => {
  await sandbox.call(terminalOpen, { name: "keys" });
  await sandbox.call(terminalSend, { name: "keys", text: "sleep 300\n", wait_ms: 100 });
  const busy = await sandbox.call(terminalRead, { name: "keys", wait_ms: 100 });
  expect(busy).toMatchObject({ data: { foreground: "sleep", busy: true } });
  const interrupted = await sandbox.call(terminalSend, { name: "keys", keys: ["interrupt"], wait_ms: 30_000 });
  expect(interrupted).toMatchObject({ data: { busy: false } });
  await sandbox.call(terminalResize, { name: "keys", rows: 40, columns: 100 });
  expect((await sandbox.call(terminalSend, { name: "keys", text: "stty size\n" })).output).toContain("40 100");
});

test("of much output so much is given as was asked for, and the rest is said and can be read on", async () => {
  const opened = await sandbox.call(terminalOpen, { name: "much", command: "seq 1 20000; read end", max_bytes: 1000 });
  expect(opened.truncated).toBe(true);
  expect(opened.output).toMatch(/\[\d+ more bytes have come\]\n\[much: .*; next offset 1000\]\n$/);
  const next = await sandbox.call(terminalRead, { name: "much", offset: 1000, max_bytes: 1000 });
  expect(next).toMatchObject({ data: { offset: 1000, next_offset: 2000 } });
});

test("closing kills, listing says so, and what is not there is said to the model", async () => {
  await sandbox.call(terminalOpen, { name: "nap", command: "sleep 300" });
  expect((await sandbox.call(terminalClose, { name: "nap" })).output).toBe("[nap has ended: closed]\n");
  expect((await sandbox.call(terminalList, {})).output).toContain("nap has ended: closed;");
  const missing = await sandbox.call(terminalSend, { name: "none", text: "x" });
  expect(missing).toMatchObject({ error: { code: "unknown_session", cause: "policy" } });
  await sandbox.call(terminalOpen, { name: "once", command: "sleep 300" });
  expect(await sandbox.call(terminalOpen, { name: "once" })).toMatchObject({ error: { code: "session_exists" } });
});
