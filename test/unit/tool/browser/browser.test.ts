import { beforeEach, describe, expect, test } from "vitest";
import type { ToolOutput } from "../../../../src/model/tool-call.ts";
import { browserClick } from "../../../../src/tool/browser/click.ts";
import { browserClose } from "../../../../src/tool/browser/close.ts";
import { browserOpen } from "../../../../src/tool/browser/open.ts";
import { browserScreenshot } from "../../../../src/tool/browser/screenshot.ts";
import { browserSnapshot } from "../../../../src/tool/browser/snapshot.ts";
import { browserType } from "../../../../src/tool/browser/type.ts";
import type { Tool } from "../../../../src/tool/tool.ts";
import { madePng } from "../../../support/made-png.ts";
import { donePage, ScriptedBrowser } from "../../../support/scripted-browser.ts";
import { callTool } from "../../../support/tool-call.ts";
import { TreeGuest } from "../../../support/tree-guest.ts";

const url = "http://127.0.0.1:8000/";
let browser: ScriptedBrowser;
let guest: TreeGuest;

beforeEach(() => {
  browser = new ScriptedBrowser();
  guest = Object.assign(new TreeGuest(), { sessions: browser.sessions });
});

let calls = 0;
const call = (tool: Tool, args: Record<string, unknown> = {}): Promise<ToolOutput> =>
  callTool(tool, guest, args, { clock: browser.clock, callId: `call_${calls++}` });

async function opened(script: ScriptedBrowser["script"]): Promise<void> {
  await call(browserOpen, { url });
  browser.script = script;
}

describe("the browser of a sandbox", () => {
  test("starts with the first page, and goes on for what comes then", async () => {
    expect((await call(browserOpen, { url })).output).toBe("[current tab 1: Shop <http://127.0.0.1/>]\n");
    await call(browserClick, { ref: "e2", times: 2 });
    await call(browserType, { ref: "f1e3", text: "word", keys: ["enter"] });
    expect(browser.events).toEqual(["open berth.browser node"]);
    expect(browser.asked).toMatchObject([
      { op: "open", url, new_tab: false, timeout_ms: 30_000 },
      { op: "click", ref: "e2", button: "left", times: 2 },
      { op: "type", ref: "f1e3", text: "word", append: false, keys: ["Enter"] },
    ]);
  });

  test.each([browserSnapshot, browserClick, browserType, browserScreenshot] as Tool[])(
    "that is not open is said to be, by $name",
    async (tool) => {
      const { output, error } = await call(tool, tool === browserClick ? { ref: "e1" } : {});
      expect(error).toMatchObject({ code: "browser_closed", cause: "policy" });
      expect(output).toMatch(/No browser is open\. Open the page again with browser_open/);
      expect(browser.events).toEqual([]);
    },
  );

  test("that died is said to have, with how, and opens again", async () => {
    await opened(() => ({ type: "oom_killed" }));
    expect((await call(browserSnapshot)).output).toMatch(/^Error: The browser has ended: out of memory\./);
    expect((await call(browserSnapshot)).output).toMatch(/^Error: The browser has ended: out of memory\./);
    browser.script = () => [donePage];
    expect((await call(browserOpen, { url })).error).toBeUndefined();
    expect(browser.events).toEqual(["open berth.browser node", "open berth.browser node"]);
  });

  test("that does not answer in time is killed with its driver", async () => {
    await opened(() => []);
    const { output, error } = await call(browserSnapshot, { timeout_ms: 7_000 });
    expect(error?.code).toBe("browser_closed");
    expect(output).toMatch(/did not answer within 7000 ms and was killed/);
    expect(browser.events).toEqual(["open berth.browser node", "close berth.browser"]);
    expect(browser.clock.monotonic()).toBe(12_000);
  });

  test("is closed for good, whether it answers or not, and as often as it is asked for", async () => {
    expect((await call(browserClose)).output).toBe("[no tab is open]\n");
    await opened(() => []);
    expect((await call(browserClose)).output).toBe("[no tab is open]\n");
    expect((await call(browserClose)).error).toBeUndefined();
  });

  test("where the image has no Node, or no Chromium, that is said with what to do", async () => {
    browser.startEnds = { type: "exited", code: 127 };
    const { output, error } = await call(browserOpen, { url });
    expect(error).toMatchObject({ code: "browser_missing", cause: "policy" });
    expect(output).toMatch(/no Node\.js in this sandbox.*images\/browser/);
    browser.startEnds = undefined;
    browser.script = () => [
      { type: "failed", code: "missing", message: "There is no Chromium on the path", notes: [] },
    ];
    expect((await call(browserOpen, { url })).output).toMatch(/There is no Chromium on the path\. Work without/);
  });

  test.each([
    ["not_started", "browser_not_started"],
    ["closed", "browser_closed"],
    ["no_tab", "invalid_arguments"],
    ["no_element", "element_not_found"],
    ["not_loaded", "page_not_loaded"],
    ["timeout", "page_timeout"],
    ["too_large", "screenshot_too_large"],
    ["refused", "page_refused"],
  ])("a failure is told with its code, what happened and what to do: %s", async (said, code) => {
    await opened(() => [{ type: "failed", code: said, message: "It was so", notes: ["alert: hi"] }]);
    const { output, error } = await call(browserScreenshot);
    expect(error).toMatchObject({ code, cause: "policy" });
    expect(output).toMatch(/^Error: It was so\. Meanwhile: alert: hi\. .{20,}\.$/);
  });

  test("is asked one thing at a time, however many read side by side", async () => {
    await opened(() => [{ ...donePage, snapshot: snapshotOf("tree", 1, 1, 1) }]);
    const reads = await Promise.all([1, 2, 3].map(() => call(browserSnapshot)));
    expect(browser.overlaps).toBe(0);
    expect(reads.map(({ output }) => output.split("\n")[0])).toEqual(["tree", "tree", "tree"]);
  });

  test("is not answered for by frames that something else wrote", async () => {
    const forged = { ...donePage, id: "another", notes: ["forged"] };
    const line = JSON.stringify(forged);
    await opened(() => ["not a frame", "{}", line, { ...donePage, notes: "none" }, { ...donePage, notes: ["honest"] }]);
    expect((await call(browserClick, { ref: "e1" })).output).toBe(
      "[current tab 1: Shop <http://127.0.0.1/>]\n[honest]\n",
    );
  });
});

const snapshotOf = (text: string, from_line: number, lines: number, total_lines: number) => ({
  text,
  from_line,
  lines,
  total_lines,
});

describe("a snapshot", () => {
  test("that is cut says how to go on", async () => {
    await opened(() => [{ ...donePage, snapshot: snapshotOf("- a\n- b", 4, 2, 9) }]);
    const { output, truncated, data } = await call(browserSnapshot, { from_line: 4 });
    expect(output).toMatch(
      /^- a\n- b\n\[lines 4 to 5 of 9; go on with from_line 6, or take a part of the page by its ref\]\n\[current/,
    );
    expect({ truncated, data }).toMatchObject({ truncated: true, data: { lines: 2, total_lines: 9 } });
  });

  test("beyond the last line says how many there are", async () => {
    await opened(() => [{ ...donePage, snapshot: snapshotOf("", 40, 0, 9) }]);
    const { output, truncated } = await call(browserSnapshot, { from_line: 40 });
    expect(output).toMatch(/^\[no line 40: there are 9\]\n/);
    expect(truncated).toBe(false);
  });

  test.each(["e", "12", "e1 >> x", "css=*", "F1e2", "e1\n"])("takes no ref that is none: %j", async (ref) => {
    expect((await call(browserSnapshot, { ref }).catch((thrown: unknown) => thrown)) as object).toMatchObject({
      code: "invalid_arguments",
    });
  });
});

describe("a screenshot", () => {
  const pictured = (png: Buffer, scale = 1) => [{ ...donePage, png: { data: png.toString("base64"), scale } }];

  test("comes as a picture beside the text, with its size", async () => {
    const png = madePng(4, 3);
    await opened(() => pictured(png, 0.5));
    const { output, images, data } = await call(browserScreenshot);
    expect(output).toMatch(/^\[picture of 4 by 3 pixels, 0\.5 of its size, \d+ bytes\]\n/);
    expect(images).toEqual([{ media_type: "image/png", data: png.toString("base64"), width: 4, height: 3 }]);
    expect(data).toMatchObject({ width: 4, height: 3, scale: 0.5 });
  });

  test("that is no picture is not handed on", async () => {
    await opened(() => pictured(Buffer.from("<svg onload=alert(1)>")));
    const { output, images, error } = await call(browserScreenshot);
    expect(error?.code).toBe("browser_closed");
    expect(output).toMatch(/picture was refused: it is no PNG/);
    expect(images).toBeUndefined();
  });

  test("that is larger than was asked for is no answer", async () => {
    await opened(() => pictured(Buffer.concat([madePng(4, 3), Buffer.alloc(400 * 1024)])));
    expect((await call(browserScreenshot)).output).toMatch(/did not answer within 30000 ms and was killed/);
  });
});

test.each(["chrome://crash", "javascript:alert(1)", "127.0.0.1:8000", "devtools://x", "view-source:http://a/"])(
  "no page is opened at %s",
  async (address) => {
    const refused = call(browserOpen, { url: address });
    await expect(refused).rejects.toMatchObject({ code: "invalid_arguments" });
    expect(browser.events).toEqual([]);
  },
);
