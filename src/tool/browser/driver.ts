/**
 * Drives Chromium for the browser tools: `node -e` this. Questions and answers are lines of JSON on the socket at descriptor 0, answered one after the other. Chromium is
 * its child and listens nowhere: playwright-core speaks to it through pipes. What it reports of a page is bounded here, and checked by the controller.
 */
export const browserDriver = String.raw`
const { accessSync, constants } = require("node:fs");
const { Socket } = require("node:net");
const { delimiter, join } = require("node:path");
const PROGRAMS = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];
// Where npm installs for all; never the workspace, which may have another release.
const LIBRARIES = ["/usr/local/lib", "/usr/lib"];
const VIEWPORT = { width: 1280, height: 800 };
const MOST_TABS = 8;
const MOST_NOTES = 20;
const SETTLE_MS = 1000;

class Failure extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}
const failed = (code, message) => {
  throw new Failure(code, message);
};

const wire = new Socket({ fd: 0, readable: true, writable: true });
const tabs = new Map();
let browser;
let context;
let targets;
let current = null;
let count = 0;
let notes = [];
const note = (text) => {
  notes.push(cut(text, 500));
  if (notes.length > MOST_NOTES) notes.shift();
};
const cut = (text, most) => {
  const flat = String(text).replace(/\s+/g, " ").trim();
  return flat.length > most ? flat.slice(0, most - 1) + "…" : flat;
};

// A promise of the page may never settle; nothing waits for one longer than this.
const within = (ms, work, late) => {
  let timer;
  const over = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Failure("timeout", late)), ms);
  });
  work.catch(() => {});
  return Promise.race([work, over]).finally(() => clearTimeout(timer));
};

function library() {
  try {
    return require(require.resolve("playwright-core", { paths: LIBRARIES }));
  } catch {
    return failed("missing", "There is no playwright-core in " + LIBRARIES.map((path) => path + "/node_modules").join(" or ") + ".");
  }
}

function program() {
  for (const folder of (process.env.PATH || "").split(delimiter))
    for (const name of PROGRAMS) {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch {}
    }
  return failed("missing", "There is no Chromium on the path: no " + PROGRAMS.join(", ") + ".");
}

// Chromium leaves loopback out of its proxy by itself.
const proxy = () => {
  const url = process.env.https_proxy || process.env.http_proxy;
  return url ? ["--proxy-server=" + url] : [];
};

async function launch(timeout) {
  const { chromium } = library();
  const executablePath = program();
  const signals = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };
  // A scroll that goes on would be in a picture. /dev/shm is small; the files that stand in for it are deleted as soon as they are open.
  const args = ["--disable-dev-shm-usage", "--disable-gpu", "--disable-smooth-scrolling", ...proxy()];
  try {
    browser = await chromium.launch({ executablePath, headless: true, chromiumSandbox: false, args, timeout, ...signals });
    const started = browser;
    started.on("disconnected", () => {
      if (browser !== started) return;
      note("the browser crashed or was killed");
      forget();
    });
    targets = await started.newBrowserCDPSession();
    context = await started.newContext({ viewport: VIEWPORT, acceptDownloads: false });
    context.on("page", adopt);
  } catch (wrong) {
    await close();
    failed("not_started", cut(wrong.message, 1500));
  }
}

const forget = () => {
  browser = context = targets = undefined;
  current = null;
  tabs.clear();
};

async function close() {
  const ending = browser;
  forget();
  if (ending) await ending.close().catch(() => {});
}

function adopt(page) {
  const number = ++count;
  tabs.set(number, page);
  if (current !== null) note("tab " + number + " was opened by the page and is the current one");
  current = number;
  page.on("close", () => left(number));
  page.on("crash", () => {
    note("tab " + number + " crashed and was closed");
    left(number);
    page.close().catch(() => {});
  });
  page.on("dialog", (dialog) => {
    const stays = dialog.type() === "confirm" || dialog.type() === "prompt";
    note(dialog.type() + ": " + dialog.message() + (stays ? " (dismissed)" : " (accepted)"));
    (stays ? dialog.dismiss() : dialog.accept()).catch(() => {});
  });
  page.on("download", (download) => note("a download was refused: " + download.url()));
  page.on("pageerror", (wrong) => note("error in the page: " + (wrong && wrong.message)));
  page.on("console", (message) => {
    if (message.type() === "error") note("console error: " + message.text());
  });
  const oldest = [...tabs.keys()].find((other) => other !== current);
  if (tabs.size > MOST_TABS && oldest !== undefined) {
    note("tab " + oldest + " was closed: at most " + MOST_TABS + " are open");
    const page = tabs.get(oldest);
    left(oldest);
    page.close().catch(() => {});
  }
}

function left(number) {
  tabs.delete(number);
  if (current === number) current = [...tabs.keys()].pop() ?? null;
}

function pageOf(tab) {
  if (tabs.size === 0) failed("closed", "No page is open.");
  const page = tabs.get(tab ?? current);
  return page ?? failed("no_tab", "There is no tab " + tab + "; there are: " + [...tabs.keys()].join(", ") + ".");
}

function use(tab) {
  const page = pageOf(tab);
  if (tab !== undefined) current = tab;
  return page;
}

async function element(page, ref) {
  const found = page.locator("aria-ref=" + ref);
  const there = await found.count().catch(() => 0);
  if (there !== 1) failed("no_element", "There is no element " + ref + " on the page now.");
  return found;
}

const closesIn = (ms) => {
  const end = Date.now() + ms;
  return () => Math.max(1, end - Date.now());
};

// What a click or a key has started begins in the page's next frame; a navigation is waited for within the call's time.
async function settle(page, left) {
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  await within(Math.min(SETTLE_MS, left()), page.evaluate(frame), "").catch(() => {});
  await page.waitForLoadState("domcontentloaded", { timeout: left() }).catch(() => note("the page is still loading"));
  await arrivals(left);
}

// A tab that the page has opened is known to Chromium before playwright-core tells of it.
async function arrivals(left) {
  const { targetInfos } = await targets.send("Target.getTargets");
  if (targetInfos.filter(({ type }) => type === "page").length <= tabs.size) return;
  await context.waitForEvent("page", { timeout: Math.min(SETTLE_MS, left()) }).catch(() => {});
}

const operations = {
  async open({ url, new_tab }, left) {
    if (!browser) await launch(left());
    const page = new_tab || tabs.size === 0 ? await fresh() : pageOf();
    try {
      const response = await visit(page, url, left);
      if (response && response.status() >= 400) note("the server answered " + response.status() + " " + response.statusText());
    } catch (wrong) {
      if (/ERR_ABORTED/.test(wrong.message) && notes.some((text) => text.startsWith("a download was refused"))) return {};
      failed(wrong.name === "TimeoutError" ? "timeout" : page.isClosed() ? "closed" : "not_loaded", explain(wrong).split(" Call log:")[0]);
    }
    return {};
  },

  async snapshot({ tab, ref, from_line, max_bytes }, left) {
    const page = pageOf(tab);
    const whole = ref === undefined ? page : await element(page, ref);
    const lines = (await whole.ariaSnapshot({ mode: "ai", timeout: left() })).split("\n").map((line) => (line.length > 1000 ? line.slice(0, 999) + "…" : line));
    const given = [];
    let bytes = 0;
    for (const line of lines.slice(from_line - 1)) {
      bytes += Buffer.byteLength(line) + 1;
      if (bytes > max_bytes && given.length > 0) break;
      given.push(line.toWellFormed());
    }
    return { snapshot: { text: given.join("\n"), from_line, lines: given.length, total_lines: lines.length } };
  },

  async click({ tab, ref, button, times }, left) {
    const page = use(tab);
    const target = await element(page, ref);
    await target.click({ button, clickCount: times, timeout: left() });
    if (!page.isClosed()) await settle(page, left);
    return {};
  },

  async type({ tab, ref, text, append, keys }, left) {
    const page = use(tab);
    if (ref !== undefined) {
      const target = await element(page, ref);
      const tag = await target.evaluate((one) => one.tagName, undefined, { timeout: left() });
      if (tag === "SELECT" && text !== undefined) await target.selectOption(text, { timeout: left() });
      else if (text !== undefined && append) await target.pressSequentially(text, { timeout: left() });
      else if (text !== undefined) await target.fill(text, { timeout: left() });
      else await target.focus({ timeout: left() });
    } else if (text !== undefined) await page.keyboard.insertText(text);
    for (const key of keys) await page.keyboard.press(key);
    if (!page.isClosed()) await settle(page, left);
    return {};
  },

  async screenshot({ tab, ref, full_page, max_bytes, max_side, max_pixels }, left) {
    const page = pageOf(tab);
    const session = await context.newCDPSession(page);
    try {
      const { cssContentSize: whole, cssVisualViewport: seen } = await session.send("Page.getLayoutMetrics");
      let box = { x: seen.pageX, y: seen.pageY, ...VIEWPORT };
      if (full_page) box = { x: 0, y: 0, width: Math.ceil(whole.width), height: Math.ceil(whole.height) };
      else if (ref !== undefined) {
        const of = await (await element(page, ref)).boundingBox({ timeout: left() });
        if (of === null) failed("no_element", "The element " + ref + " is not visible.");
        box = { x: of.x + seen.pageX, y: of.y + seen.pageY, width: Math.ceil(of.width), height: Math.ceil(of.height) };
      }
      if (!(box.width >= 1 && box.height >= 1)) failed("no_element", "What is to be shown has no size.");
      const beyond = full_page || ref !== undefined;
      let size = "";
      for (const scale of [1, 0.5, 0.25]) {
        if (Math.max(box.width, box.height) * scale > max_side) continue;
        if (box.width * box.height * scale * scale > max_pixels) continue;
        const part = beyond || scale < 1 ? { clip: { ...box, scale } } : {};
        const { data } = await session.send("Page.captureScreenshot", { format: "png", captureBeyondViewport: beyond, ...part });
        size = Buffer.byteLength(data, "base64") + " bytes";
        if (Buffer.byteLength(data, "base64") <= max_bytes) return { png: { data, scale } };
      }
      return failed("too_large", "The picture is " + box.width + " by " + box.height + " pixels" + (size && ", at a quarter of its size " + size) + ": too large.");
    } finally {
      session.detach().catch(() => {});
    }
  },

  async close({ tab }) {
    if (tab === undefined) await close();
    else {
      const page = pageOf(tab);
      left(tab);
      await page.close();
    }
    return {};
  },
};

// That an address failed is told before Chromium shows its page of the error, which would then be in the next visit's way.
async function visit(page, url, left) {
  let show;
  const shown = new Promise((resolve) => (show = resolve));
  const look = (frame) => frame === page.mainFrame() && frame.url().startsWith("chrome-error:") && show();
  page.on("framenavigated", look);
  try {
    return await page.goto(url, { waitUntil: "load", timeout: left() });
  } catch (wrong) {
    if (/net::ERR_(?!ABORTED)/.test(wrong.message)) await within(Math.min(SETTLE_MS, left()), shown, "").catch(() => {});
    throw wrong;
  } finally {
    page.off("framenavigated", look);
  }
}

async function fresh() {
  const opened = current;
  current = null;
  try {
    return await context.newPage();
  } finally {
    if (current === null) current = opened;
  }
}

const explain = (wrong) => cut(String(wrong && wrong.message).split("Browser logs:")[0].replace(/\u001b\[[0-9;]*m/g, "").replace(/^(page|locator|keyboard|browser|browserContext|browserType)\.\w+: /, ""), 1500);

const described = async (number) => {
  const page = tabs.get(number);
  const title = await within(SETTLE_MS, page.title(), "").catch(() => "");
  return { tab: number, title: cut(title, 200), url: cut(page.url(), 1000) };
};

async function answer({ op, timeout_ms, ...question }) {
  const left = closesIn(timeout_ms);
  try {
    // playwright-core ends what it does at the call's time by itself; this is for what has no such limit.
    const result = await within(timeout_ms + 500, operations[op](question, left), "The page did not answer within " + timeout_ms + " ms.");
    const open = await Promise.all([...tabs.keys()].map(described));
    return { type: "done", tabs: open, current: open.some(({ tab }) => tab === current) ? current : null, ...result };
  } catch (wrong) {
    const gone = /has been closed|Target crashed|Target closed/.test(wrong.message);
    const code = wrong instanceof Failure ? wrong.code : wrong.name === "TimeoutError" ? "timeout" : gone ? "closed" : "refused";
    return { type: "failed", code, message: explain(wrong) };
  }
}

const questions = [];
let busy = false;
async function next() {
  if (busy || questions.length === 0) return;
  busy = true;
  const { id, ...question } = questions.shift();
  const told = await answer(question);
  wire.write(JSON.stringify({ id, ...told, notes }) + "\n");
  notes = [];
  busy = false;
  void next();
}

process.on("uncaughtException", (wrong) => note("driver: " + explain(wrong)));
process.on("unhandledRejection", (wrong) => note("driver: " + explain(wrong)));
process.on("SIGINT", () => {});
wire.on("close", () => process.exit(0));
let text = "";
wire.setEncoding("utf8");
wire.on("data", (piece) => {
  const lines = (text + piece).split("\n");
  text = lines.pop();
  for (const line of lines) {
    try {
      questions.push(JSON.parse(line));
    } catch {}
  }
  void next();
});
`;
