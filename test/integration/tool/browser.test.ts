import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { environment, type EnvironmentInput } from "../../../src/model/environment.ts";
import { checkPng } from "../../../src/tool/browser/png.ts";
import { whyUnavailable } from "../../support/backend-availability.ts";
import { whyNoImage } from "../../support/docker-image.ts";
import { localController } from "../../support/local-controller.ts";
import { readPng } from "../../support/read-png.ts";

const pages = join(import.meta.dirname, "../../fixtures/pages");
const address = "http://127.0.0.1:8000";
const blue = [51, 102, 153];
const red = [255, 0, 0];
const green = [0, 128, 64];

async function listening(server: Server): Promise<AsyncDisposable> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await once(server.close(), "close");
    },
  };
}

describe.each(["oci", "docker"] as const)("%s", (backend) => {
  let unavailable: string | undefined;
  let controller: Awaited<ReturnType<typeof localController>>;
  let rollout: string;

  async function active(image: string, change: Partial<EnvironmentInput> = {}): Promise<string> {
    // A snapshot of its own, which goes with the data directory.
    const made = environment.parse({ name: image, image, env: { RUN: controller.dataDir }, ...change });
    const { rollout_id } = (await controller.service.create({ environment: made })).rollout;
    const settled = await controller.service.waitUntilSettled(rollout_id, 120_000);
    expect(settled).toMatchObject({ status: "active", error: null });
    return rollout_id;
  }

  const call = (tool: string, args: Record<string, unknown> = {}) =>
    controller.service.callTool(rollout, tool, { arguments: args });

  /** What a call that has to succeed says. */
  async function said(tool: string, args: Record<string, unknown> = {}): Promise<string> {
    const { output, error } = await call(tool, args);
    expect(error, output).toBeUndefined();
    return output;
  }

  /** Of what a snapshot calls so. */
  async function refOf(name: string): Promise<string> {
    const tree = await said("browser_snapshot");
    const line = tree.split("\n").find((one) => one.includes(name));
    return /\[ref=(\w+)\]/.exec(line ?? "")?.[1] ?? `no ref of ${name} in:\n${tree}`;
  }

  async function picture(args: Record<string, unknown> = {}) {
    const { output, images, error } = await call("browser_screenshot", args);
    expect(error, output).toBeUndefined();
    const png = Buffer.from(images?.[0]?.data ?? "", "base64");
    const pixels = readPng(png);
    expect(checkPng(png)).toEqual({ width: pixels.width, height: pixels.height });
    return { output, png, ...pixels };
  }

  beforeAll(async () => {
    unavailable = (await whyUnavailable(backend)) ?? (await whyNoImage("browser"));
    if (unavailable !== undefined) return;
    controller = await localController(backend, {
      resolve: async (name) => (name === "shop.test" ? ["127.0.0.1"] : []),
      flags: { egress_private_hosts: "shop.test" },
    });
    rollout = await active("browser");
    for (const path of ["index.html", "second.html"])
      await said("write_file", { path, content: await readFile(join(pages, path), "utf8") });
    await said("background_start", { name: "web", command: "exec python3 -m http.server 8000 --bind 127.0.0.1" });
    await said("shell", { command: `until curl --silent --fail --output /dev/null ${address}/; do :; done` });
  });
  beforeEach(({ skip }) => skip(unavailable !== undefined, unavailable));
  // The last rollout is closed with its browser open: whatever is left of it then fails here.
  afterAll(async () => {
    if (unavailable === undefined) await controller[Symbol.asyncDispose]();
  });

  test("a page that is served in the sandbox shows its names, and typing and clicking change it", async () => {
    expect(await said("browser_open", { url: `${address}/` })).toBe(`[current tab 1: Shop <${address}/>]\n`);
    const before = await said("browser_snapshot");
    for (const name of ['heading "Things"', 'textbox "Name"', 'combobox "Colour"', 'button "Greet"', 'img "Square"'])
      expect(before).toContain(name);
    const name = await refOf('textbox "Name"');
    await said("browser_type", { ref: name, text: "World" });
    await said("browser_type", { ref: name, text: "!", append: true });
    await said("browser_type", { ref: await refOf('combobox "Colour"'), text: "green" });
    await said("browser_click", { ref: await refOf('button "Greet"') });
    expect(await said("browser_snapshot")).toMatch(/status \[ref=\w+\]: Hello World!, green\n/);
    expect(await refOf('textbox "Name"')).toBe(name);
    await said("browser_type", { ref: name, text: "you", keys: ["tab", "tab", "enter"] });
    expect(await said("browser_snapshot")).toContain("Hello you, green");
  });

  test("a screenshot is the picture of the page, of an element or of all of it", async () => {
    await said("browser_open", { url: `${address}/` });
    const seen = await picture();
    expect([seen.width, seen.height]).toEqual([1280, 800]);
    expect([seen.at(1279, 0), seen.at(599, 325), seen.at(650, 325), seen.at(700, 325)]).toEqual([
      blue,
      blue,
      red,
      blue,
    ]);
    await said("browser_click", { ref: await refOf('button "Greet"') });
    const after = await picture();
    expect([after.at(1279, 0), after.at(650, 325)]).toEqual([green, red]);
    const square = await picture({ ref: await refOf('img "Square"') });
    expect([square.width, square.height, square.at(0, 0), square.at(99, 49)]).toEqual([100, 50, red, red]);
  });

  test("a picture that is too large is made smaller, and said to be", async () => {
    await said("browser_open", { url: `${address}/` });
    const whole = await picture({ full_page: true });
    expect(whole.output).toContain("of its size");
    expect(whole.png.length).toBeLessThanOrEqual(384 * 1024);
    expect(1280 / whole.width).toBe(1800 / whole.height);
    await said("browser_open", { url: "data:text/html,<div style='height:100000px'></div>" });
    expect((await call("browser_screenshot", { full_page: true })).error?.code).toBe("screenshot_too_large");
  });

  test("a long page is given a part at a time", async () => {
    await said("browser_open", { url: `${address}/second.html` });
    const first = await call("browser_snapshot", { max_bytes: 2_048 });
    expect(first.truncated).toBe(true);
    const from_line = Number(/go on with from_line (\d+)/.exec(first.output)?.[1]);
    const second = await call("browser_snapshot", { max_bytes: 2_048, from_line });
    const items = [...`${first.output}${second.output}`.matchAll(/: item (\d+)/g)].map(([, at]) => Number(at));
    expect(items.length).toBeGreaterThan(50);
    expect(items).toEqual(items.map((_, at) => at));
  });

  test("a tab that the page opens is the current one, dialogs are told, and one tab is closed", async () => {
    await said("browser_open", { url: `${address}/` });
    expect(await said("browser_click", { ref: await refOf('button "Ask"') })).toContain(
      "[confirm: Really? (dismissed)]",
    );
    const two = await said("browser_click", { ref: await refOf('link "New tab"') });
    const tab = Number(/current tab (\d+): Second </.exec(two)?.[1]);
    expect(await said("browser_snapshot")).toContain('heading "Second page"');
    expect(await said("browser_close", { tab })).toMatch(/^\[current tab \d+: Shop <[^>]+>\]\n$/);
    const gone = await call("browser_snapshot", { tab });
    expect(gone.error?.code).toBe("invalid_arguments");
  });

  test("what is not there is said, with what to do", async () => {
    await said("browser_open", { url: `${address}/` });
    expect((await call("browser_click", { ref: "e9999" })).error?.code).toBe("element_not_found");
    expect((await call("browser_type", { ref: await refOf('button "Greet"'), text: "x" })).error?.code).toBe(
      "page_refused",
    );
    for (const url of ["http://127.0.0.1:8001/", "http://example.com/", "http://192.0.2.1/"])
      expect((await call("browser_open", { url })).error?.code).toBe("page_not_loaded");
  });
  test("an address that fails is in nobody's way, however soon the next one is opened", async () => {
    for (let round = 0; round < 20; round += 1) {
      expect((await call("browser_open", { url: "http://127.0.0.1:8001/" })).error?.code).toBe("page_not_loaded");
      await said("browser_open", { url: `${address}/` });
    }
  });

  test("a page that goes on forever is left at the call's time, and another tab goes on", async () => {
    await said("browser_open", { url: `${address}/` });
    const spin = await call("browser_click", { ref: await refOf('button "Spin"'), timeout_ms: 1_500 });
    expect(spin.error?.code).toBe("page_timeout");
    expect((await call("browser_screenshot", { timeout_ms: 500 })).error?.code).toBe("page_timeout");
    await said("browser_open", { url: `${address}/second.html`, new_tab: true });
    expect(await said("browser_snapshot")).toContain('heading "Second page"');
  });

  test("a browser that is killed is said to be, and opens again", async () => {
    await said("browser_open", { url: `${address}/` });
    await call("shell", { command: "pkill -KILL -f -- '[h]eadless-shell .*--remote-debugging-pipe'" });
    expect((await call("browser_snapshot")).error?.code).toBe("browser_closed");
    await said("browser_open", { url: `${address}/` });
    expect(await said("browser_snapshot")).toContain('heading "Things"');
  });

  test("when it is closed nothing of it goes on, and its files are gone", async () => {
    await said("browser_close");
    await said("browser_open", { url: `${address}/` });
    const here = "pgrep --count --full '[h]eadless-shell|[p]laywright-core'";
    expect(await said("shell", { command: `${here}; ls /tmp | grep --count profile` })).toMatch(/^[1-9]\d*\n[1-9]/);
    expect(await said("browser_close")).toBe("[no tab is open]\n");
    expect(await said("shell", { command: `${here}; ls /tmp | grep --count playwright; true` })).toBe("0\n0\n");
    expect((await call("browser_snapshot")).error?.code).toBe("browser_closed");
    await said("browser_open", { url: `${address}/` });
  });

  test("where the environment allows a name its pages are reached, and no others", async () => {
    const origin = createServer((_, response) => response.end("<title>Outside</title><h1>Hello</h1>"));
    await using _listening = await listening(origin);
    const { port } = origin.address() as AddressInfo;
    const allowed = `shop.test:${port}`;
    const other = await active("browser", { profile: "egress", egress: [allowed] });
    const open = (url: string) => controller.service.callTool(other, "browser_open", { arguments: { url } });
    expect((await open(`http://${allowed}/`)).output).toBe(`[current tab 1: Outside <http://${allowed}/>]\n`);
    expect((await open(`http://other.test:${port}/`)).output).toContain("[the server answered 403 ");
    expect((await open(`https://other.test:${port}/`)).error?.code).toBe("page_not_loaded");
    // Its own loopback is not the proxy's: nothing listens there.
    expect((await open(`http://127.0.0.1:${port}/`)).error?.code).toBe("page_not_loaded");
    await controller.service.close(other);
  });

  test("where there is no Chromium the model is told so", async () => {
    // Node and playwright-core are found there, and nothing else.
    const other = await active("browser", { env: { RUN: controller.dataDir, PATH: "/usr/local/bin" } });
    const { error, output } = await controller.service.callTool(other, "browser_open", {
      arguments: { url: `${address}/` },
    });
    expect(error).toMatchObject({ code: "browser_missing", cause: "policy" });
    expect(output).toContain("images/browser");
    await controller.service.close(other);
  });
});
