import { Duplex } from "node:stream";

/**
 * Two ends of one byte stream. A write is done when the other end holds it, whether or not that is read: two HTTP/2
 * sessions that each wait for the other to read would wait for ever. What is held is bounded by their windows.
 * As with a socket, the end of one end is the end of the other, whatever was under way.
 */
export function streamPair(): [Duplex, Duplex] {
  const ends: [Duplex, Duplex] = [endOf(() => ends[1]), endOf(() => ends[0])];
  return ends;
}

function endOf(other: () => Duplex): Duplex {
  const end = new Duplex({
    allowHalfOpen: false,
    read: () => {},
    write: (chunk: Buffer, _encoding, done) => {
      if (!other().destroyed) other().push(chunk);
      done();
    },
    final: (done) => {
      if (!other().destroyed) other().push(null);
      done();
    },
    destroy: (error, done) => {
      process.nextTick(() => other().destroy());
      done(error);
    },
  });
  end.on("error", () => {});
  return end;
}
