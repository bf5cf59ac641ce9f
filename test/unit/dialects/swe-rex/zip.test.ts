import { crc32, deflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { unzipped } from "../../../../src/dialects/swe-rex/zip.ts";

interface Entry {
  readonly name: string;
  readonly text: string;
  readonly stored?: boolean;
  readonly flags?: number;
  /** What the directory claims. */
  readonly size?: number;
}

function zip(entries: readonly Entry[]): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, text, stored = false, flags = 0, size } of entries) {
    const content = stored ? Buffer.from(text) : deflateRawSync(text);
    const head = Buffer.alloc(26);
    head.writeUInt16LE(20, 0);
    head.writeUInt16LE(flags, 2);
    head.writeUInt16LE(stored ? 0 : 8, 4);
    head.writeUInt32LE(crc32(text), 10);
    head.writeUInt32LE(content.length, 14);
    head.writeUInt32LE(size ?? Buffer.byteLength(text), 18);
    head.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), head, Buffer.from(name), content]);
    const more = Buffer.alloc(14);
    more.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02\x14\x00"), head, more, Buffer.from(name)]));
    locals.push(local);
    offset += local.length;
  }
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, ...directory, end]);
}

const read = async (archive: Buffer) =>
  (await unzipped(archive)).map(({ path, bytes }) => [path, bytes.toString("utf8")]);

describe("an archive", () => {
  test("gives its files, packed and stored, and no folders", async () => {
    const archive = zip([
      { name: "a/", text: "", stored: true },
      { name: "a/b.txt", text: "packed ".repeat(100) },
      { name: "grüße", text: "stored", stored: true },
      { name: "empty", text: "" },
    ]);
    expect(await read(archive)).toEqual([
      ["a/b.txt", "packed ".repeat(100)],
      ["grüße", "stored"],
      ["empty", ""],
    ]);
  });

  test("leads nowhere but beneath its target", async () => {
    const names = ["../../etc/passwd", "/abs", "a/../b", String.raw`c\..\d`];
    expect((await read(zip(names.map((name) => ({ name, text: "x" }))))).map(([path]) => path)).toEqual([
      "etc/passwd",
      "abs",
      "a/b",
      "c/d",
    ]);
  });

  test.each([
    ["that is none", Buffer.from("no archive at all, but long enough to be one"), /no directory/],
    ["that is encrypted", zip([{ name: "a", text: "x", flags: 1 }]), /encrypted/],
    ["that says less than it holds", zip([{ name: "a", text: "x".repeat(5_000), size: 10 }]), /damaged/],
    ["that says that it is huge", zip([{ name: "a", text: "x", size: 65_000_000 }]), /bytes unpacked/],
    ["that is cut short", zip([{ name: "a", text: "x".repeat(99), stored: true }]).subarray(60), /damaged|cut short/],
  ])("%s is refused", async (_what, archive, why) => {
    await expect(unzipped(archive)).rejects.toThrow(why);
  });
});
