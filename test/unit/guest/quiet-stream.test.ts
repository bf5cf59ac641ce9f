import { connect } from "node:http2";
import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { QuietStream } from "../../../src/guest/quiet-stream.ts";

test("an HTTP/2 session ends quietly when its stream fails while it is being ended", async () => {
  // Its end is never done, as that of a bridge whose sandbox hangs.
  const inner = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done(), final() {} });
  const session = connect("http://guest", { createConnection: () => new QuietStream(inner) });
  session.on("error", () => {});
  const closed = new Promise((resolve) => session.once("close", resolve));
  await new Promise((resolve) => session.once("connect", resolve));
  session.request({ ":path": "/" }).on("error", () => {});
  await new Promise((resolve) => setImmediate(resolve));
  session.close();
  inner.push(null);
  await new Promise((resolve) => setImmediate(resolve));
  inner.destroy(new Error("the sandbox died"));
  await closed;
  expect(session.destroyed).toBe(true);
});

test("bytes go both ways, and the end too", async () => {
  const written: string[] = [];
  const inner = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk.toString());
      done();
    },
  });
  const stream = new QuietStream(inner);
  stream.write("there");
  inner.push("back");
  inner.push(null);
  const heard: string[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) heard.push(chunk.toString());
  expect({ written, heard }).toEqual({ written: ["there"], heard: ["back"] });
});
