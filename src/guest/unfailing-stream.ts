import { Duplex } from "node:stream";

/**
 * A stream over another that ends where the other fails. Node's HTTP/2, over a stream that is no socket, answers the stream's failure by
 * writing to it; while an end of it is under way that fails an assertion which ends the process, and a sandbox may die at any time.
 */
export class UnfailingStream extends Duplex {
  readonly #inner: Duplex;

  constructor(inner: Duplex) {
    super();
    this.#inner = inner;
    inner.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) inner.pause();
    });
    inner.once("end", () => this.push(null));
    inner.on("error", () => this.destroy());
    inner.once("close", () => this.destroy());
    inner.pause();
  }

  override _read(): void {
    this.#inner.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: () => void): void {
    this.#inner.write(chunk, encoding, (error) => (error ? this.destroy() : done()));
  }

  override _final(done: () => void): void {
    // Waits for nobody: while an end is under way, Node's HTTP/2 does not bear the stream's own end either.
    this.#inner.end();
    done();
  }

  override _destroy(_error: Error | null, done: (error: null) => void): void {
    this.#inner.destroy();
    done(null);
  }
}
