import { Duplex } from "node:stream";

/**
 * The same bytes as another stream, whose failure ends this one without an error and is kept as `failure`. HTTP/2 over a stream
 * that is no socket fails an assertion inside Node when an error arrives while a write is under way. Owns the other stream.
 */
export class QuietStream extends Duplex {
  readonly #inner: Duplex;
  #failure: Error | undefined;

  constructor(inner: Duplex) {
    super();
    this.#inner = inner;
    inner.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) inner.pause();
    });
    inner.once("end", () => this.push(null));
    inner.on("error", (error) => {
      this.#failure ??= error;
      this.destroy();
    });
    inner.once("close", () => this.destroy());
    inner.pause();
  }

  get failure(): Error | undefined {
    return this.#failure;
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

  override _destroy(_error: Error | null, done: (error: Error | null) => void): void {
    this.#inner.destroy();
    done(null);
  }
}
