import { Socket } from "node:net";
import { Duplex } from "node:stream";

/**
 * The same bytes on a stream that never fails but closes. An HTTP/2 session on a stream that is no socket says goodbye when that
 * stream fails, and while a write is under way this fails an assertion inside Node, which ends the process.
 */
export function quietStream(stream: Duplex): Duplex {
  if (stream instanceof Socket) return stream;
  const quiet = new Duplex({
    read: () => void stream.resume(),
    write: (chunk: Buffer, _encoding, done) => void stream.write(chunk, () => done()),
    final: (done) => void stream.end(() => done()),
    destroy: (_error, done) => {
      stream.destroy();
      done(null);
    },
  });
  stream.on("data", (chunk: Buffer) => {
    if (!quiet.push(chunk)) stream.pause();
  });
  stream.once("end", () => quiet.push(null));
  stream.once("close", () => quiet.destroy());
  return quiet;
}
