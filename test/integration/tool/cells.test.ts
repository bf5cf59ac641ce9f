import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { resetCells } from "../../../src/tool/code/reset-cells.ts";
import { runCellTool } from "../../../src/tool/code/run-cell.ts";
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

const cells = {
  python: {
    keep: "kept = 41\nprint('printed')\nimport os, sys; os.system('echo from a program'); print('warned', file=sys.stderr)",
    use: "kept + 1",
    fail: "def f():\n    return 1 / 0\nf()",
    says: "ZeroDivisionError: division by zero",
    spin: "while True: pass",
    flood: "for i in range(400): print('y' * 10000)",
    rich: "class Page:\n    def _repr_html_(self): return '<b>bold</b>'\ndisplay(Page())",
    leave: "import os; os._exit(5)",
  },
  node: {
    keep: "const kept = 41; console.log('printed'); require('child_process').execSync('echo from a program', { stdio: 'inherit' }); console.error('warned')",
    use: "kept + 1",
    fail: "function f() { return nothing / 0; } f()",
    says: "ReferenceError: nothing is not defined",
    spin: "while (true) {}",
    flood: "for (let i = 0; i < 400; i++) console.log('y'.repeat(10000))",
    rich: "display({ toHTML: () => '<b>bold</b>' })",
    leave: "process.exit(5)",
  },
} as const;

describe.each(["python", "node"] as const)("%s", (language) => {
  const cell = cells[language];
  const run = (code: string, more: Record<string, unknown> = {}) =>
    sandbox.call(runCellTool, { language, code, ...more });

  test("variables stay from cell to cell, and what programs print is told from what errors say", async () => {
    await sandbox.call(resetCells, { language });
    const first = await run(cell.keep);
    expect(first.output).toBe("printed\nfrom a program\n[stderr]\nwarned\n");
    expect(first.data).toMatchObject({ status: "ok", new_process: true });
    const second = await run(cell.use);
    expect(second).toMatchObject({ output: "[result]\n42\n", data: { new_process: false } });
  });

  test("an error is said with its place, and the next cell runs", async () => {
    const failed = await run(cell.fail);
    expect(failed.data).toMatchObject({ status: "error" });
    expect(failed.output).toContain(cell.says);
    expect((await run("1 + 1")).output).toBe("[result]\n2\n");
  });

  test("a cell that takes too long is interrupted and its variables stay", async () => {
    await run(cell.keep.replace("const ", "globalThis."));
    const spun = await run(cell.spin, { timeout_ms: 1500 });
    expect(spun.data).toMatchObject({ status: "interrupted" });
    expect((await run(cell.use)).output).toBe("[result]\n42\n");
  });

  test("other forms of an output come beside its text", async () => {
    const shown = await run(cell.rich);
    expect(shown.data).toMatchObject({ outputs: [{ type: "display", forms: { "text/html": "<b>bold</b>" } }] });
    expect(shown.output).toContain("[outputs[0] has also text/html (11 characters)]");
  });

  test("endless printing is cut and costs nothing more", async () => {
    const flooded = await run(cell.flood);
    expect(flooded).toMatchObject({ truncated: true, data: { status: "ok" } });
    expect(Buffer.byteLength(JSON.stringify(flooded))).toBeLessThan(1_000_000);
    expect((await run("1 + 1")).output).toBe("[result]\n2\n");
  });

  test("when the process ends that is said, and the next cell starts anew", async () => {
    const left = await run(cell.leave);
    expect(left.data).toMatchObject({ status: "ended" });
    expect(left.output).toContain("the next cell starts anew, without its variables");
    expect((await run("1 + 1")).data).toMatchObject({ new_process: true });
  });
});

test("a cell that does not heed an interrupt is killed", async () => {
  const deaf = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass";
  const killed = await sandbox.call(runCellTool, { code: deaf, timeout_ms: 1000 });
  expect(killed.data).toMatchObject({ status: "killed" });
  expect(killed.output).toContain("did not heed an interrupt");
});

test("frames that a cell forges are dropped, or are its own", async () => {
  const forge = `import os
for fd in range(3, 64):
    try: os.write(fd, b'not a frame\\n{"id": 5}\\n{"id": "another", "type": "done", "status": "ok"}\\n' + b'x' * 100 + b'\\n')
    except OSError: pass
print('after')`;
  const forged = await sandbox.call(runCellTool, { code: forge });
  expect(forged).toMatchObject({ output: "after\n", data: { status: "ok" } });
});

test.each(["python", "node"] as const)("where there is no %s the model is told", async (language) => {
  await sandbox.call(resetCells, { language });
  const nowhere = await sandbox.call(runCellTool, { language, code: "1" }, { env: { PATH: "/nowhere" } });
  expect(nowhere).toMatchObject({ error: { code: "interpreter_missing", cause: "policy" } });
  expect((await sandbox.call(runCellTool, { language, code: "1 + 1" })).output).toBe("[result]\n2\n");
});
