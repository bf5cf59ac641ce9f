import { BerthError } from "../../../core/errors.ts";

const BLOCK = 512;
/** Names, and attributes as setup may give them to a file. */
const MAX_EXTENSION_BYTES = 1024 * 1024;

export interface TarLimits {
  readonly entries: number;
  /** Of the whole archive, unpacked. */
  readonly bytes: number;
}

const refused = (why: string): BerthError =>
  new BerthError("guest_protocol", `The layer of the sandbox was refused: ${why}.`);

/** Types of entries that a layer may hold: files, links, folders, pipes, and extended headers for one of them. */
const types = { file: ["0", "\0"], link: "1", symlink: "2", folder: "5", pipe: "6", extended: "x" } as const;

/**
 * Looks at a tar while it passes by. It takes what Go's archive/tar writes of files, and nothing that two readers could
 * take for different things: one header form, extended headers for single entries, nothing behind the end.
 */
export class TarCheck {
  readonly #limits: TarLimits;
  #entries = 0;
  #bytes = 0;
  /** Of the header, or of an extended header's content. */
  #collected: Buffer[] = [];
  #missing = BLOCK;
  /** Of a file's content and its padding. */
  #toSkip = 0;
  #state: "header" | "extension" | "ended" = "header";
  #zeroBlocks = 0;
  #extension: { readonly path?: string; readonly linkpath?: string; readonly size?: number } = {};
  #extensionSize = 0;

  constructor(limits: TarLimits) {
    this.#limits = limits;
  }

  /** @throws BerthError `guest_protocol` for what no layer of ours holds, `setup_failed` beyond the limits */
  take(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#limits.bytes) throw tooLarge(`${this.#limits.bytes} bytes`);
    for (let at = 0; at < chunk.length;) {
      if (this.#toSkip > 0) {
        const skipped = Math.min(this.#toSkip, chunk.length - at);
        this.#toSkip -= skipped;
        at += skipped;
        continue;
      }
      const piece = chunk.subarray(at, at + this.#missing);
      at += piece.length;
      if (this.#state === "ended") {
        if (piece.some((byte) => byte !== 0)) throw refused("something comes behind its end");
        continue;
      }
      this.#collected.push(piece);
      this.#missing -= piece.length;
      if (this.#missing === 0) this.#block(Buffer.concat(this.#collected));
    }
  }

  /** @throws BerthError `guest_protocol` when there is more to come */
  end(): void {
    if (this.#state !== "ended") throw refused("it breaks off");
  }

  #block(block: Buffer): void {
    this.#collected = [];
    this.#missing = BLOCK;
    if (this.#state === "extension") {
      this.#extension = extensionOf(block.subarray(0, this.#extensionSize));
      this.#state = "header";
    } else this.#header(block);
  }

  #header(block: Buffer): void {
    if (block.every((byte) => byte === 0)) {
      if (++this.#zeroBlocks === 2) this.#state = "ended";
      return;
    }
    if (this.#zeroBlocks > 0) throw refused("it ends and goes on");
    assertChecksum(block);
    if (block.toString("latin1", 257, 263) !== "ustar\0") throw refused("an entry is of another form of tar");
    const type = block.toString("latin1", 156, 157);
    const size = this.#extension.size ?? octal(block, 124, 12);
    if (type === types.extended) return this.#beginExtension(size);
    if (++this.#entries > this.#limits.entries) throw tooLarge(`${this.#limits.entries} entries`);
    this.#assertEntry(block, type, size);
    this.#extension = {};
    this.#toSkip = Math.ceil(size / BLOCK) * BLOCK;
  }

  #beginExtension(size: number): void {
    if (Object.keys(this.#extension).length > 0) throw refused("an entry has two extended headers");
    if (size === 0 || size > MAX_EXTENSION_BYTES) throw refused(`an extended header has ${size} bytes`);
    this.#extensionSize = size;
    this.#missing = Math.ceil(size / BLOCK) * BLOCK;
    this.#state = "extension";
  }

  #assertEntry(block: Buffer, type: string, size: number): void {
    const prefix = text(block, 345, 155);
    const short = text(block, 0, 100);
    const name = this.#extension.path ?? (prefix === "" ? short : `${prefix}/${short}`);
    if (!isLocal(name)) throw refused(`it names ${JSON.stringify(name.slice(0, 200))}`);
    const isFile = types.file.some((one) => one === type);
    if (!isFile && ![types.link, types.symlink, types.folder, types.pipe].some((one) => one === type)) {
      throw refused(`${JSON.stringify(name.slice(0, 200))} is neither a file, a folder, a link nor a pipe`);
    }
    if (!isFile && size !== 0) throw refused(`${JSON.stringify(name.slice(0, 200))} is no file and has content`);
    if (type !== types.link) return;
    const target = this.#extension.linkpath ?? text(block, 157, 100);
    if (!isLocal(target)) throw refused(`it links to ${JSON.stringify(target.slice(0, 200))}`);
  }
}

function tooLarge(limit: string): BerthError {
  return new BerthError("setup_failed", `What setup wrote is more than ${limit}, which a snapshot may have.`, {
    remedy: "Have setup write less, or put what it needs into the image.",
  });
}

/** A name in the layer's own tree. */
function isLocal(name: string): boolean {
  const parts = name.replace(/\/$/, "").split("/");
  return !name.includes("\0") && parts.every((part) => part !== "" && part !== "." && part !== "..");
}

function assertChecksum(block: Buffer): void {
  let sum = 0;
  for (let at = 0; at < BLOCK; at++) sum += at >= 148 && at < 156 ? 32 : (block[at] ?? 0);
  if (sum !== octal(block, 148, 8)) throw refused("the checksum of an entry is wrong");
}

function text(block: Buffer, from: number, length: number): string {
  const field = block.subarray(from, from + length);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end < 0 ? length : end);
}

function octal(block: Buffer, from: number, length: number): number {
  const digits = block
    .toString("latin1", from, from + length)
    .replace(/[\0 ]+$/, "")
    .trimStart();
  if (!/^[0-7]*$/.test(digits)) throw refused("a number of an entry is none");
  return digits === "" ? 0 : Number.parseInt(digits, 8);
}

/** `LENGTH KEY=VALUE\n`, of which three keys change what an entry is. */
function extensionOf(content: Buffer): { path?: string; linkpath?: string; size?: number } {
  const found: { path?: string; linkpath?: string; size?: number } = {};
  for (let at = 0; at < content.length;) {
    const space = content.indexOf(32, at);
    const length = space < 0 ? "" : content.toString("latin1", at, space);
    const end = at + Number(length);
    const equals = content.indexOf(61, space);
    if (
      !/^[1-9]\d{0,6}$/.test(length) ||
      end > content.length ||
      equals < 0 ||
      equals >= end ||
      content[end - 1] !== 10
    ) {
      throw refused("an extended header is damaged");
    }
    const value = content.subarray(equals + 1, end - 1).toString("utf8");
    const key = content.toString("utf8", space + 1, equals);
    if (key === "path" || key === "linkpath") found[key] = value;
    else if (key === "size" && /^\d{1,15}$/.test(value)) found.size = Number(value);
    else if (key === "size" || key.startsWith("GNU.")) throw refused(`an extended header has ${key}`);
    at = end;
  }
  return found;
}
