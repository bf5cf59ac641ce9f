import { expect, test } from "vitest";
import { FrameReader } from "../../../../src/tool/channel/frame-reader.ts";
import { cellFrame } from "../../../../src/tool/code/frames.ts";

const line = (value: unknown): string => `${JSON.stringify(value)}\n`;
const said = { id: "c", type: "stream", name: "stdout", text: "grüße\n" };

test("frames are read however they are cut on their way", () => {
  const bytes = Buffer.from(line(said) + line({ id: "c", type: "done", status: "ok" }));
  for (const size of [1, 2, 7, bytes.length]) {
    const reader = new FrameReader(cellFrame);
    const read = [];
    for (let at = 0; at < bytes.length; at += size) read.push(...reader.take(bytes.subarray(at, at + size)));
    expect(read).toEqual([said, { id: "c", type: "done", status: "ok" }]);
    expect(reader.dropped).toBe(0);
  }
});

test("what is no frame is dropped and counted, and what follows is read", () => {
  const reader = new FrameReader(cellFrame);
  const forged = ["nothing", "[]", "{}", line({ id: 5 }), line({ ...said, name: "stdin" })].map((text) => text.trim());
  expect([...reader.take(Buffer.from(`${forged.join("\n")}\n${line(said)}`))]).toEqual([said]);
  expect(reader.dropped).toBe(forged.length);
});

test("a line without end takes no memory beyond its limit, and is dropped whole", () => {
  const reader = new FrameReader(cellFrame);
  const piece = Buffer.alloc(1024 * 1024, "x");
  for (let times = 0; times < 64; times += 1) expect([...reader.take(piece)]).toEqual([]);
  expect([...reader.take(Buffer.from(`\n${line(said)}`))]).toEqual([said]);
  expect(reader.dropped).toBe(1);
});
