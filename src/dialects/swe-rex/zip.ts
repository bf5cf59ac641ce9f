import { promisify } from "node:util";
import { inflateRaw } from "node:zlib";
import { VALUE_ERROR } from "./class-paths.ts";
import { Raised } from "./raised.ts";

const inflate = promisify(inflateRaw);

const mostEntries = 10_000;
/** Of all files together, unpacked. */
const mostBytes = 64_000_000;
const endSignature = Buffer.from([0x50, 0x4b, 0x05, 0x06]);
const endBytes = 22;
const entrySignature = 0x02014b50;
const entryBytes = 46;
const localBytes = 30;
const STORED = 0;
const DEFLATED = 8;

export interface ZipFile {
  /** Relative, without `.` and `..`. */
  readonly path: string;
  readonly bytes: Buffer;
}

const refused = (why: string): Raised => new Raised(VALUE_ERROR, `The zip archive was refused: ${why}.`);

/**
 * The files of an archive by its central directory; folders are those of their paths. Parts of a path that lead elsewhere are left out, as
 * Python's zipfile does.
 * @throws Raised for what is no archive, is encrypted, uses another method than deflate, or is larger than 64 MB unpacked
 */
export async function unzipped(archive: Buffer): Promise<ZipFile[]> {
  const end = archive.lastIndexOf(endSignature, Math.max(0, archive.length - endBytes));
  if (end === -1 || archive.length < endBytes) throw refused("it has no directory");
  const count = archive.readUInt16LE(end + 10);
  if (count > mostEntries) throw refused(`it has more than ${mostEntries} entries`);
  const files: ZipFile[] = [];
  let left = mostBytes;
  let at = archive.readUInt32LE(end + 16);
  try {
    for (let index = 0; index < count; index += 1) {
      if (archive.readUInt32LE(at) !== entrySignature) throw refused("its directory is damaged");
      const nameLength = archive.readUInt16LE(at + 28);
      const name = archive.toString("utf8", at + entryBytes, at + entryBytes + nameLength);
      if (!name.endsWith("/")) {
        const bytes = await contentOf(archive, at, left);
        left -= bytes.length;
        const path = relativePath(name);
        if (path !== "") files.push({ path, bytes });
      }
      at += entryBytes + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
    }
  } catch (thrown) {
    if (thrown instanceof RangeError) throw refused("it is cut short, or too large");
    throw thrown;
  }
  return files;
}

async function contentOf(archive: Buffer, entry: number, left: number): Promise<Buffer> {
  const flags = archive.readUInt16LE(entry + 8);
  const method = archive.readUInt16LE(entry + 10);
  const packed = archive.readUInt32LE(entry + 20);
  const size = archive.readUInt32LE(entry + 24);
  const local = archive.readUInt32LE(entry + 42);
  if ((flags & 1) === 1) throw refused("it is encrypted");
  if (size > left) throw refused(`it has more than ${mostBytes} bytes unpacked`);
  const start = local + localBytes + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
  const content = archive.subarray(start, start + packed);
  if (content.length !== packed) throw refused("it is cut short");
  if (method === STORED && packed === size) return content;
  if (method !== DEFLATED) throw refused("it is packed by a method that is not known");
  const bytes = await inflate(content, { maxOutputLength: Math.max(1, size) }).catch(() => undefined);
  if (bytes?.length !== size) throw refused("its content is damaged");
  return bytes;
}

const relativePath = (name: string): string =>
  name
    .replaceAll("\0", "")
    .split(/[/\\]/)
    .filter((part) => part !== "" && part !== "." && part !== "..")
    .join("/");
