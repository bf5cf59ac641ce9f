import { isatty } from "node:tty";

/** The terminal of whoever types commands: bytes in, bytes out. */
export interface Screen {
  /** What is typed; ends when nothing more can be. */
  readonly typed: AsyncIterable<Uint8Array>;
  /** Resolves when there is room for more. */
  write(bytes: Uint8Array): Promise<void>;
  /** Undefined where it is no terminal. */
  size(): { rows: number; columns: number } | undefined;
  onResize(listener: () => void): Disposable;
  /** Every key is handed on at once, Ctrl-C too, until it is disposed. */
  raw(): Disposable;
}

export const processScreen = (): Screen => ({
  typed: process.stdin,
  write: (bytes) =>
    new Promise((resolve, reject) => {
      process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
    }),
  size: () =>
    isatty(process.stdout.fd) && process.stdout.rows > 0 && process.stdout.columns > 0
      ? { rows: Math.min(process.stdout.rows, 1000), columns: Math.min(process.stdout.columns, 1000) }
      : undefined,
  onResize: (listener) => {
    process.stdout.on("resize", listener);
    return { [Symbol.dispose]: () => void process.stdout.off("resize", listener) };
  },
  raw: () => {
    if (process.stdin.isTTY) process.stdin.setRawMode(true);
    return {
      [Symbol.dispose]: () => {
        if (process.stdin.isTTY) process.stdin.setRawMode(false);
        // A standard input that is still read keeps the process alive.
        process.stdin.destroy();
      },
    };
  },
});
