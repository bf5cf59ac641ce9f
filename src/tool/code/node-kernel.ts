/**
 * Runs cells in one Node process: `node -e` this. It is two processes: the first holds the socket at descriptor 0, on which frames are lines of JSON, and what cells
 * print comes to it through pipes; the second runs the cells, all in one global scope. SIGINT ends a cell, not the processes.
 */
export const nodeKernel = String.raw`
const { spawn } = require("node:child_process");
const { randomBytes } = require("node:crypto");
const fs = require("node:fs");
const PIECE = 16384;
const MOST = 262144;

function evaluator() {
  const vm = require("node:vm");
  const util = require("node:util");
  Object.assign(globalThis, { require, module, exports });
  const tell = (frame) => new Promise((told) => process.send(frame, told));
  let interrupt = () => {};
  process.on("SIGINT", () => interrupt());
  const describe = (wrong) => {
    const text = util.types.isNativeError(wrong) ? String(wrong.stack) : "Uncaught " + util.inspect(wrong);
    return text.split("\n").filter((line) => !/^ +at .*(node:|\[eval\])/.test(line)).join("\n");
  };
  const loose = (wrong) => void tell({ type: "error", text: describe(wrong).slice(0, MOST) });
  process.on("uncaughtException", loose);
  process.on("unhandledRejection", loose);
  const bundle = (value) => {
    const forms = { "text/plain": util.inspect(value).slice(0, MOST) };
    if (typeof value?.toHTML === "function") forms["text/html"] = String(value.toHTML());
    if (Buffer.isBuffer(value) && value.subarray(0, 4).toString("latin1") === "\x89PNG") forms["image/png"] = value.toString("base64");
    for (const [mime, form] of Object.entries(forms)) if (form.length > MOST) delete forms[mime];
    return forms;
  };
  globalThis.display = (...values) => values.forEach((value) => void tell({ type: "display", forms: bundle(value) }));
  let count = 0;
  const parsed = (code) => {
    const options = { filename: "cell " + count, importModuleDynamically: vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER };
    try {
      return new vm.Script(code, options);
    } catch (wrong) {
      if (!/\bawait\b/.test(code)) throw wrong;
    }
    try {
      return new vm.Script("(async () => (\n" + code + "\n))()", { ...options, lineOffset: -1 });
    } catch {
      return new vm.Script("(async () => {\n" + code + "\n})()", { ...options, lineOffset: -1 });
    }
  };
  const run = async (code) => {
    count += 1;
    const value = parsed(code).runInThisContext({ breakOnSigint: true });
    if (!util.types.isPromise(value) || !/\bawait\b/.test(code)) return value;
    const interrupted = new Promise((_, reject) => {
      interrupt = () => reject(Object.assign(new Error(), { code: "ERR_SCRIPT_EXECUTION_INTERRUPTED" }));
    });
    return await Promise.race([value, interrupted]);
  };
  process.on("message", async ({ code, marks }) => {
    let status = "ok";
    try {
      const value = await run(code);
      if (value !== undefined) await tell({ type: "result", forms: bundle(value) });
    } catch (wrong) {
      status = wrong?.code === "ERR_SCRIPT_EXECUTION_INTERRUPTED" ? "interrupted" : "error";
      if (status === "error") await tell({ type: "error", text: describe(wrong).slice(0, MOST) });
    }
    interrupt = () => {};
    fs.writeSync(1, marks[0]);
    fs.writeSync(2, marks[1]);
    await tell({ type: "done", status });
  });
}

function holder(source) {
  const { Socket } = require("node:net");
  const { StringDecoder } = require("node:string_decoder");
  const wire = new Socket({ fd: 0, readable: true, writable: true });
  process.on("SIGINT", () => {});
  let id = "";
  let marks = [];
  let status;
  const cells = [];
  const tell = (frame) => wire.write(JSON.stringify({ ...frame, id }) + "\n");
  const child = spawn(process.execPath, ["-e", source, "evaluator"], { stdio: ["ignore", "pipe", "pipe", "ipc"] });
  child.on("exit", () => process.exit(1));
  wire.on("close", () => process.exit(0));
  const finish = () => {
    if (status === undefined || marks.length > 0) return;
    tell({ type: "done", status });
    status = undefined;
    id = "";
    next();
  };
  const watch = (stream, name) => {
    let held = Buffer.alloc(0);
    const decoder = new StringDecoder("utf8");
    stream.on("data", (piece) => {
      held = Buffer.concat([held, piece]);
      const mark = marks.find((one) => held.includes(one));
      const say = (bytes) => {
        for (let at = 0; at < bytes.length; at += PIECE) {
          const text = decoder.write(bytes.subarray(at, at + PIECE));
          if (text !== "") tell({ type: "stream", name, text });
        }
      };
      if (mark) {
        const at = held.indexOf(mark);
        say(Buffer.concat([held.subarray(0, at), held.subarray(at + mark.length)]));
        held = Buffer.alloc(0);
        marks = marks.filter((one) => one !== mark);
        finish();
        return;
      }
      // The beginning of a mark may be at the end.
      let keep = 0;
      for (const one of marks) for (let n = Math.min(one.length - 1, held.length); n > keep; n--) if (one.startsWith(held.subarray(held.length - n).toString("latin1"))) keep = n;
      say(held.subarray(0, held.length - keep));
      held = held.subarray(held.length - keep);
      // What fills the socket holds the cell back.
      if (wire.writableLength > 1048576) {
        stream.pause();
        wire.once("drain", () => stream.resume());
      }
    });
  };
  watch(child.stdout, "stdout");
  watch(child.stderr, "stderr");
  child.on("message", (frame) => {
    if (frame.type !== "done") return void tell(frame);
    status = frame.status;
    finish();
  });
  const next = () => {
    if (id !== "" || cells.length === 0) return;
    const cell = cells.shift();
    id = cell.id;
    marks = [randomBytes(16).toString("hex"), randomBytes(16).toString("hex")];
    child.send({ code: cell.code, marks });
  };
  let text = "";
  wire.setEncoding("utf8");
  wire.on("data", (piece) => {
    const lines = (text + piece).split("\n");
    text = lines.pop();
    for (const line of lines) {
      try {
        cells.push(JSON.parse(line));
      } catch {}
    }
    next();
  });
}

if (process.argv.includes("evaluator")) evaluator();
else holder(process._eval ?? process.execArgv[process.execArgv.indexOf("-e") + 1]);
`;
