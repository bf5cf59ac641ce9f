import { crc32, inflateSync } from "node:zlib";
import type { Colour } from "./made-png.ts";

/** The colours of a PNG of 8 bits a channel, without a palette or interlacing, as Chromium makes them. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  at(x: number, y: number): Colour;
}

/** Decodes by the specification, checksums included; no more kinds of PNG than `Pixels` names. */
export function readPng(png: Buffer): Pixels {
  const data: Buffer[] = [];
  let header: Buffer = Buffer.alloc(0);
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    const body = png.subarray(at + 4, at + 8 + length);
    if (crc32(body) !== png.readUInt32BE(at + 8 + length)) throw new Error("A checksum of the picture is wrong.");
    const name = body.toString("latin1", 0, 4);
    if (name === "IHDR") header = body.subarray(4);
    if (name === "IDAT") data.push(body.subarray(4));
    at += length + 12;
  }
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const channels = new Map([
    [2, 3],
    [6, 4],
  ]).get(header[9] ?? 0);
  if (header[8] !== 8 || channels === undefined || header[12] !== 0) throw new Error("Another kind of PNG.");
  const raw = inflateSync(Buffer.concat(data));
  const stride = width * channels;
  if (raw.length !== height * (stride + 1)) throw new Error("The picture has another number of pixels.");
  const pixels = unfiltered(raw, { stride, height, channels });
  return {
    width,
    height,
    at: (x, y) => {
      const start = y * stride + x * channels;
      const [red = 0, green = 0, blue = 0] = pixels.subarray(start, start + 3);
      return [red, green, blue];
    },
  };
}

function unfiltered(raw: Buffer, size: { stride: number; height: number; channels: number }): Buffer {
  const { stride, height, channels } = size;
  const out = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)] ?? 0;
    for (let x = 0; x < stride; x++) {
      const to = y * stride + x;
      const left = x < channels ? 0 : (out[to - channels] ?? 0);
      const up = y === 0 ? 0 : (out[to - stride] ?? 0);
      const corner = x < channels || y === 0 ? 0 : (out[to - stride - channels] ?? 0);
      out[to] = (raw[y * (stride + 1) + 1 + x] ?? 0) + predicted(filter, left, up, corner);
    }
  }
  return out;
}

function predicted(filter: number, left: number, up: number, corner: number): number {
  if (filter === 0) return 0;
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  const [toLeft, toUp, toCorner] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}
