import { constants, type ClientHttp2Stream } from "node:http2";
import { Duplex } from "node:stream";

/**
 * An open HTTP/2 request as a byte stream. Pieces are written one at a time and never as strings: given several at once, strings
 * among them, Node 24 sends memory that it has freed.
 */
export function byteStream(stream: ClientHttp2Stream): Duplex {
  const duplex = new Duplex({
    read: () => void stream.resume(),
    write: (chunk: Buffer, _encoding, done) => void stream.write(chunk, done),
    final: (done) => void stream.end(done),
    destroy: (error, done) => {
      stream.close(constants.NGHTTP2_CANCEL);
      done(error);
    },
  });
  stream.on("data", (chunk: Buffer) => {
    if (!duplex.push(chunk)) stream.pause();
  });
  let ended = false;
  stream.once("end", () => {
    // A session that breaks ends its streams too.
    ended = stream.rstCode === constants.NGHTTP2_NO_ERROR;
    if (ended) duplex.push(null);
  });
  stream.once("close", () => {
    // What came before the end is still read.
    if (ended && !duplex.readableEnded) duplex.once("end", () => duplex.destroy());
    else duplex.destroy();
  });
  return duplex;
}
