import { Duplex } from "node:stream";
import { BerthError } from "../../core/errors.ts";

/** HTTP/2 opens with a short SETTINGS frame, whose length starts with this byte. Text means that the exec failed. */
const firstByteOfGuest = 0;
const headerBytes = 8;
const stdoutFrame = 1;
const stderrFrames: ReadonlySet<number> = new Set([2, 3]);
/** What is kept of the program's stderr, or of the daemon's complaint, for the message of a failure. */
const diagnosisKept = 2048;

/**
 * The hijacked connection of an exec without a terminal: what is written goes to the program's stdin as it is; what
 * comes back is framed (1 byte stream, 3 zero bytes, 4 bytes length, payload) and only stdout is passed on. Frames are
 * passed on in the pieces in which they arrive, so at most one header is ever buffered here; back-pressure holds in
 * both directions.
 *
 * Errors with BerthError `sandbox_lost` when the program ends before the guest was heard, and `provider_unavailable`
 * when the connection breaks inside a frame or holds something else than frames.
 */
export class ExecStream extends Duplex {
  readonly #socket: Duplex;
  #header = Buffer.alloc(0);
  #frame = 0;
  #left = 0;
  #heard = false;
  #diagnosis = "";

  constructor(socket: Duplex) {
    super();
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("end", () => this.#end());
    socket.on("error", (cause) => this.destroy(cause));
    socket.on("close", () => this.#end());
    socket.pause();
  }

  #take(chunk: Buffer): void {
    let rest = chunk;
    let wanted = true;
    while (rest.length > 0 && !this.destroyed) {
      if (this.#left > 0) {
        const payload = rest.subarray(0, this.#left);
        rest = rest.subarray(payload.length);
        this.#left -= payload.length;
        wanted = this.#deliver(payload) && wanted;
        continue;
      }
      const missing = headerBytes - this.#header.length;
      this.#header = Buffer.concat([this.#header, rest.subarray(0, missing)]);
      rest = rest.subarray(missing);
      if (this.#header.length < headerBytes) break;
      this.#frame = this.#header.readUInt8(0);
      this.#left = this.#header.readUInt32BE(4);
      this.#header = Buffer.alloc(0);
      if (this.#frame !== stdoutFrame && !stderrFrames.has(this.#frame)) {
        this.destroy(
          new BerthError("provider_unavailable", "The Docker daemon sent something else than an exec's output."),
        );
      }
    }
    if (!wanted) this.#socket.pause();
  }

  /** Whether more is wanted at once. */
  #deliver(payload: Buffer): boolean {
    if (this.#frame === stdoutFrame && (this.#heard || payload[0] === firstByteOfGuest)) {
      this.#heard = true;
      return this.push(payload);
    }
    // The daemon reports on stdout that it could not start the program.
    this.#diagnosis = (this.#diagnosis + payload.toString("utf8")).slice(-diagnosisKept);
    return true;
  }

  #end(): void {
    if (this.destroyed || this.readableEnded) return;
    if (this.#left > 0 || this.#header.length > 0) {
      this.destroy(
        new BerthError("provider_unavailable", "The Docker daemon closed an exec's connection inside a frame."),
      );
    } else if (!this.#heard && !this.writableEnded) {
      const reason = this.#diagnosis.trim() || "it said nothing";
      this.destroy(new BerthError("sandbox_lost", `The guest could not be dialled: ${reason}.`));
    } else {
      this.push(null);
    }
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, encoding, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
