import { createHash } from "node:crypto";
import { createServer } from "node:net";
import { resolve } from "node:path";

/**
 * Held by one at a time, of this process or of another in its network namespace, until it is disposed of or its process ends, however it
 * ends. Undefined when somebody holds it. Linux only: elsewhere everybody has it.
 */
export async function alone(name: string): Promise<AsyncDisposable | undefined> {
  if (process.platform !== "linux") return { [Symbol.asyncDispose]: () => Promise.resolve() };
  // An abstract address: the kernel forgets it with its socket, and no file can be left.
  const address = `\0berth-${createHash("sha256").update(resolve(name)).digest("hex").slice(0, 32)}`;
  const server = createServer((stranger) => stranger.destroy());
  const listens = await new Promise<boolean>((done, fail) => {
    server.once("error", (error: NodeJS.ErrnoException) => (error.code === "EADDRINUSE" ? done(false) : fail(error)));
    server.listen(address, () => done(true));
  });
  if (!listens) return undefined;
  return { [Symbol.asyncDispose]: () => new Promise<void>((closed) => void server.close(() => closed())) };
}
