import { Duplex, Writable } from "node:stream";

/** What is used of the client library's WebSocket, whose types are not installed with it. */
export interface ForwardSocket {
  /** `sent` is called when the bytes are on their way, or cannot be. */
  send(message: Buffer, sent: (error?: Error) => void): void;
  pause(): void;
  resume(): void;
  close(): void;
  addEventListener(event: "close", listener: () => void): void;
}

/** Each message begins with its channel; the first port's bytes have this one. */
const bytesChannel = Buffer.of(0);

/** The bytes of a pod's port. What nobody has read yet, or the socket has not sent, holds back whoever sends more. */
export class ForwardedPort extends Duplex {
  #socket: ForwardSocket | undefined;
  /** Takes what the pod sends. */
  readonly arrivals: Writable;

  constructor() {
    super({ allowHalfOpen: false });
    this.arrivals = new Writable({
      write: (chunk: Buffer, _, done) => {
        if (!this.push(chunk)) this.#socket?.pause();
        done();
      },
    });
  }

  /** @param socket is open */
  attach(socket: ForwardSocket): void {
    this.#socket = socket;
    socket.addEventListener("close", () => this.push(null));
  }

  override _read(): void {
    this.#socket?.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#socket === undefined) return done(new Error("The port is not forwarded yet."));
    this.#socket.send(Buffer.concat([bytesChannel, chunk]), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket?.close();
    done(error);
  }
}
