import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { pack, type Header } from "tar-stream";
import { describe, expect, it } from "vitest";
import { LayerStream } from "../../../../src/provider/kubernetes/snapshots/layer-stream.ts";

type Entry = Partial<Header> & Pick<Header, "name"> & { readonly content?: string };

async function tarOf(...entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack();
  for (const { content = "", ...header } of entries) tar.entry(header, content);
  tar.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of tar as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}

const roomy = { entries: 100, bytes: 10_000_000 };

async function passed(bytes: Buffer, { pieceBytes = bytes.length, limits = roomy } = {}) {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) pieces.push(bytes.subarray(at, at + pieceBytes));
  const source = (async function* () {
    yield* pieces;
  })();
  const layer = new LayerStream(source, limits);
  const out: Uint8Array[] = [];
  for await (const piece of layer) out.push(piece);
  return { bytes: Buffer.concat(out), facts: layer.facts };
}

const sha256 = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** A header block whose checksum is right, with some of its bytes as given. */
function header(change: (block: Buffer) => void): Buffer {
  const block = Buffer.alloc(512);
  block.write("name", 0);
  block.write("0000644\0", 100);
  block.write("00000000000\0", 124);
  block.write("0", 156);
  block.write("ustar\u000000", 257);
  change(block);
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}
const end = Buffer.alloc(1024);

describe("a layer that passes by", () => {
  it("comes as it was sent, and is named by what came", async () => {
    const tar = await tarOf(
      { name: "etc/", type: "directory" },
      { name: "etc/passwd", content: "root".repeat(1000) },
      { name: `deep/${"x".repeat(180)}/${"y".repeat(90)}`, content: "a long name" },
      { name: "etc/.wh.gone" },
      { name: "link", type: "symlink", linkname: "/any/../where" },
      { name: "hard", type: "link", linkname: "etc/passwd" },
      { name: "pipe", type: "fifo" },
      { name: "ping", content: "x", pax: { "SCHILY.xattr.security.capability": "\u0001value" } },
    );
    const bytes = gzipSync(tar);
    for (const pieceBytes of [1, 7, 512, bytes.length]) {
      const { bytes: out, facts } = await passed(bytes, { pieceBytes });
      expect(out.equals(bytes)).toBe(true);
      expect(facts).toEqual({
        digest: sha256(bytes),
        diffId: sha256(gunzipSync(bytes)),
        size: bytes.length,
        unpackedBytes: tar.length,
      });
    }
  });

  it("may be empty", async () => {
    const { facts } = await passed(gzipSync(await tarOf()));
    expect(facts.unpackedBytes).toBe(1024);
  });

  it.each<[string, Entry]>([
    ["an absolute name", { name: "/etc/passwd" }],
    ["a name that leads out", { name: "a/../../b" }],
    ["a name of nothing", { name: "a//b" }],
    ["its own root", { name: "./" }],
    ["a hard link that leads out", { name: "a", type: "link", linkname: "../b" }],
    ["a hard link to an absolute name", { name: "a", type: "link", linkname: "/etc/shadow" }],
    ["a character device", { name: "null", type: "character-device", devmajor: 1, devminor: 3 }],
    ["a block device", { name: "disk", type: "block-device" }],
    ["a name that leads out in an extended header", { name: "a", pax: { path: "../b" } }],
  ])("is refused with %s", async (_what, entry) => {
    const bytes = gzipSync(await tarOf({ name: "fine", content: "fine" }, entry));
    await expect(passed(bytes)).rejects.toMatchObject({ code: "guest_protocol" });
  });

  it.each<[string, Buffer]>([
    ["another form of tar", Buffer.concat([header((block) => block.write("ustar  \0", 257)), end])],
    ["a wrong checksum", Buffer.concat([Buffer.concat([header(() => {})]).fill("x", 0, 1), end])],
    ["a type that is not known", Buffer.concat([header((block) => block.write("S", 156)), end])],
    ["a global header", Buffer.concat([header((block) => block.write("g", 156)), end])],
    [
      "a folder with content",
      header((block) => {
        block.write("5", 156);
        block.write("00000000001\0", 124);
      }),
    ],
    [
      "an extended header of many megabytes",
      header((block) => {
        block.write("x", 156);
        block.write("00777777777\0", 124);
      }),
    ],
    ["no end", header(() => {})],
    ["half a header", header(() => {}).subarray(0, 100)],
    ["one zero block and then more", Buffer.concat([Buffer.alloc(512), header(() => {}), end])],
    ["something behind its end", Buffer.concat([end, Buffer.from("more")])],
    ["nothing at all", Buffer.alloc(0)],
  ])("is refused with %s", async (_what, tar) => {
    await expect(passed(gzipSync(tar))).rejects.toMatchObject({ code: "guest_protocol" });
  });

  it("is refused with something behind the gzip", async () => {
    const bytes = gzipSync(await tarOf({ name: "a", content: "a" }));
    for (const more of [Buffer.from("more"), Buffer.alloc(10), gzipSync("another member")]) {
      await expect(passed(Buffer.concat([bytes, more]))).rejects.toMatchObject({ code: "guest_protocol" });
    }
  });

  it("is refused when it breaks off", async () => {
    const bytes = gzipSync(await tarOf({ name: "a", content: "a".repeat(5000) }));
    await expect(passed(bytes.subarray(0, -20))).rejects.toMatchObject({ code: "guest_protocol" });
  });

  it("has a limit of entries and of bytes, however well they are packed", async () => {
    const bytes = gzipSync(await tarOf({ name: "a", content: "\0".repeat(1_000_000) }, { name: "b" }));
    for (const limits of [
      { entries: 1, bytes: 10_000_000 },
      { entries: 10, bytes: 500_000 },
    ]) {
      await expect(passed(bytes, { limits })).rejects.toMatchObject({ code: "setup_failed" });
    }
  });

  it("has no name before it has come", () => {
    const layer = new LayerStream((async function* () {})(), roomy);
    expect(() => layer.facts).toThrow("before it had come");
  });

  it("fails as its source does", async () => {
    const source = (async function* (): AsyncGenerator<Buffer> {
      yield gzipSync("x").subarray(0, 5);
      throw new Error("the stream broke");
    })();
    const reading = async () => {
      for await (const _piece of new LayerStream(source, roomy));
    };
    await expect(reading()).rejects.toThrow("the stream broke");
  });
});
