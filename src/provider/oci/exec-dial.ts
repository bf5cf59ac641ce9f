import { spawn, type ChildProcessByStdio } from "node:child_process";
import { Duplex, type Readable, type Writable } from "node:stream";

/** A program that bridges its standard input and output to the guest. */
type Bridge = ChildProcessByStdio<Writable, Readable, null>;

/**
 * A stream over the standard input and output of a program, which ends with the stream. Whatever becomes of the program, the stream
 * ends without an error: what is missing is for the protocol on it to see.
 */
class BridgeStream extends Duplex {
  readonly #bridge: Bridge;

  constructor(bridge: Bridge) {
    super();
    this.#bridge = bridge;
    const { stdin, stdout } = bridge;
    stdout.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) stdout.pause();
    });
    stdout.once("end", () => this.push(null));
    stdout.on("error", () => this.destroy());
    stdin.on("error", () => this.destroy());
    bridge.once("close", () => this.destroy());
  }

  override _read(): void {
    this.#bridge.stdout.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    // A program that has gone takes nothing more, and says so by the end of its output.
    this.#bridge.stdin.write(chunk, encoding, () => done());
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#bridge.stdin.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#bridge.stdin.destroy();
    this.#bridge.stdout.destroy();
    this.#bridge.kill("SIGKILL");
    done(error);
  }
}

/** Starts the program and gives the stream over it. @throws when it cannot be started */
export async function dialByExec([command = "", ...args]: readonly string[], signal: AbortSignal): Promise<Duplex> {
  signal.throwIfAborted();
  const bridge = spawn(command, args, { stdio: ["pipe", "pipe", "ignore"] });
  await new Promise<void>((resolve, reject) => {
    bridge.once("spawn", resolve);
    bridge.once("error", reject);
  });
  return new BridgeStream(bridge);
}
