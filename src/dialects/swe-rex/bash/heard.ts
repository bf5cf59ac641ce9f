import { textOf } from "../utf8.ts";

/** Of the output of one command so much is kept: of its beginning, and of its end. */
const headBytes = 196_608;
const tailBytes = 65_536;
/** What is held before the middle goes. */
const heldBytes = 1_048_576;

const ESCAPE = "\u001b";
const controls = new RegExp(`${ESCAPE}[@-_][0-?]*[ -/]*[@-~]`, "g");

/** Output of a terminal as the peer gives it: without colours, its line ends as `\n`. */
export const plain = (text: string): string => text.replaceAll(controls, "").replaceAll("\r\n", "\n");

/** What came of one command so far, within bounds whatever it writes. */
export class Heard {
  #bytes = Buffer.alloc(0);
  #left = 0;

  add(bytes: Buffer, lost = 0): void {
    this.#left += lost;
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    if (this.#bytes.length > heldBytes) this.#cut(this.#bytes.length);
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Forgets what came before. */
  from(offset: number): void {
    this.#bytes = this.#bytes.subarray(offset);
    this.#left = 0;
  }

  /** The output up to an offset of what is held; what is left out is said in it. */
  text(end = this.#bytes.length): string {
    if (this.#left === 0 && end <= headBytes + tailBytes) return textOf(this.#bytes.subarray(0, end));
    const head = this.#bytes.subarray(0, Math.min(headBytes, end));
    const tail = this.#bytes.subarray(Math.max(head.length, end - tailBytes), end);
    const left = this.#left + end - head.length - tail.length;
    return `${textOf(head)}\n[… ${left} bytes left out …]\n${textOf(tail)}`;
  }

  #cut(end: number): void {
    const kept = [this.#bytes.subarray(0, headBytes), this.#bytes.subarray(end - tailBytes, end)];
    this.#left += end - headBytes - tailBytes;
    this.#bytes = Buffer.concat(kept);
  }
}
