import type { z } from "zod";

/** A longer line is dropped whole. */
const maxLineBytes = 2 * 1024 * 1024;

/** Cuts what a program writes to its channel into frames, a line of JSON each. Others can write to that channel too: what is no frame is dropped, and counted. */
export class FrameReader<Frame> {
  readonly #schema: z.ZodType<Frame>;
  #held: Buffer[] = [];
  #heldBytes = 0;
  dropped = 0;

  constructor(schema: z.ZodType<Frame>) {
    this.#schema = schema;
  }

  *take(bytes: Buffer): Generator<Frame> {
    let from = 0;
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, from)) {
      this.#hold(bytes.subarray(from, end));
      const read = this.#line();
      if (read !== undefined) yield read;
      from = end + 1;
    }
    this.#hold(bytes.subarray(from));
  }

  #hold(bytes: Buffer): void {
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > maxLineBytes) this.#held = [];
    else this.#held.push(bytes);
  }

  #line(): Frame | undefined {
    const line = this.#heldBytes > maxLineBytes ? undefined : Buffer.concat(this.#held).toString("utf8");
    this.#held = [];
    this.#heldBytes = 0;
    const parsed = this.#schema.safeParse(line === undefined ? undefined : jsonOf(line));
    if (parsed.success) return parsed.data;
    this.dropped += 1;
    return undefined;
  }
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
