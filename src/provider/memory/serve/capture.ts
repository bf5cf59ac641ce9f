import type { Sink } from "../shell/io.ts";

const spoolBytes = 8 * 1024 * 1024;

export interface CapturedText {
  readonly head: string;
  readonly tail: string;
  readonly total_bytes: number;
  readonly truncated: boolean;
  readonly spooled_bytes: number;
}

/** One output stream while it is written: its first and last bytes, its length, and a spool of the first 8 MiB. */
export class Capture implements Sink {
  readonly #headBytes: number;
  readonly #tailBytes: number;
  readonly #spool: Buffer[] = [];
  #spooled = 0;
  #tail = Buffer.alloc(0);
  #total = 0;

  constructor(headBytes: number, tailBytes: number) {
    this.#headBytes = headBytes;
    this.#tailBytes = tailBytes;
  }

  get totalBytes(): number {
    return this.#total;
  }

  get spooledBytes(): number {
    return this.#spooled;
  }

  async write(bytes: Buffer): Promise<void> {
    this.#total += bytes.length;
    const room = spoolBytes - this.#spooled;
    if (room > 0) {
      this.#spool.push(bytes.subarray(0, room));
      this.#spooled += Math.min(room, bytes.length);
    }
    const kept = Buffer.concat([this.#tail, bytes.subarray(Math.max(0, bytes.length - this.#tailBytes))]);
    this.#tail = kept.subarray(Math.max(0, kept.length - this.#tailBytes));
  }

  /** Of the spool. */
  page(offset: number, limit: number): Buffer {
    return Buffer.concat(this.#spool).subarray(offset, offset + limit);
  }

  text(): CapturedText {
    const sizes = { total_bytes: this.#total, spooled_bytes: this.#spooled };
    const whole = this.#total <= this.#headBytes + this.#tailBytes;
    if (whole) return { head: Buffer.concat(this.#spool).toString("utf8"), tail: "", truncated: false, ...sizes };
    const head = withoutCutEnd(this.page(0, this.#headBytes)).toString("utf8");
    const tail = withoutCutStart(this.#tail).toString("utf8");
    return { head, tail, truncated: true, ...sizes };
  }
}

/** Without the first bytes of a character whose last ones are missing. */
function withoutCutEnd(bytes: Buffer): Buffer {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.subarray(0, bytes.length - back) : bytes;
  }
  return bytes;
}

function withoutCutStart(bytes: Buffer): Buffer {
  let at = 0;
  while (at < Math.min(3, bytes.length) && ((bytes[at] ?? 0) & 0xc0) === 0x80) at++;
  return bytes.subarray(at);
}
