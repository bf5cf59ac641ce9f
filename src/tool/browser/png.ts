import { BerthError } from "../../core/errors.ts";

const signature = Buffer.from("89504e470d0a1a0a", "hex");
const headerBytes = 13;
/** Of a chunk besides its data: length, name and checksum. */
const frameBytes = 12;
/** Which depths a colour type has: https://www.w3.org/TR/png-3/#table111 */
const depths: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};

/** In pixels. */
export const mostSide = 8_192;
export const mostPixels = 16_000_000;

export interface PngSize {
  readonly width: number;
  readonly height: number;
}

/**
 * The size that a picture says it has, in pixels, when it is a PNG that a reader may be given: the header first, whole chunks to the end and nothing behind them, at most
 * 8192 pixels a side and 16 million in all. What the pixels are is not looked at.
 * @throws BerthError `browser_closed`
 */
export function checkPng(bytes: Buffer): PngSize {
  if (!bytes.subarray(0, signature.length).equals(signature)) throw refused("it is no PNG");
  const names: string[] = [];
  let at = signature.length;
  while (at < bytes.length && names.at(-1) !== "IEND") {
    if (at + frameBytes > bytes.length) throw refused("a part of it is missing");
    names.push(bytes.toString("latin1", at + 4, at + 8));
    at += frameBytes + bytes.readUInt32BE(at);
  }
  if (at !== bytes.length || names.at(-1) !== "IEND") throw refused("it does not end where it should");
  if (names[0] !== "IHDR" || bytes.readUInt32BE(signature.length) !== headerBytes) throw refused("it has no header");
  if (names.indexOf("IHDR", 1) !== -1 || !names.includes("IDAT")) throw refused("its parts are not those of a PNG");
  return sizeOf(bytes.subarray(signature.length + 8));
}

function sizeOf(header: Buffer): PngSize {
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  if (width < 1 || height < 1 || width > mostSide || height > mostSide || width * height > mostPixels)
    throw refused(`it says that it has ${width} by ${height} pixels`);
  const [depth = 0, colour = 0, compression, filter, interlace = 0] = header.subarray(8, headerBytes);
  if (depths[colour]?.includes(depth) !== true || compression !== 0 || filter !== 0 || interlace > 1)
    throw refused("its header is none of a PNG");
  return { width, height };
}

const refused = (why: string): BerthError =>
  new BerthError("browser_closed", `The browser's picture was refused: ${why}.`);
