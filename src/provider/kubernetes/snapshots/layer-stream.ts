import { createHash } from "node:crypto";
import { once } from "node:events";
import { createGunzip } from "node:zlib";
import { BerthError, toBerthError } from "../../../core/errors.ts";
import { TarCheck, type TarLimits } from "./tar-check.ts";

/** A layer as a manifest and a configuration name it, reckoned from its bytes. */
export interface LayerFacts {
  readonly digest: string;
  readonly size: number;
  /** Of the tar in it. */
  readonly diffId: string;
  readonly unpackedBytes: number;
}

const sha256 = () => createHash("sha256");

/** Hands a gzipped layer on as it comes, and looks into it meanwhile: what fails the check does not come whole. */
export class LayerStream {
  readonly #source: AsyncIterable<Uint8Array>;
  readonly #limits: TarLimits;
  #facts: LayerFacts | undefined;

  constructor(source: AsyncIterable<Uint8Array>, limits: TarLimits) {
    this.#source = source;
    this.#limits = limits;
  }

  /** What came; once all of it has. */
  get facts(): LayerFacts {
    if (this.#facts === undefined) throw new BerthError("internal", "A layer was named before it had come.");
    return this.#facts;
  }

  /** @throws BerthError `guest_protocol`, `setup_failed` beyond the limits, and what the source throws */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const packed = sha256();
    const unpacked = sha256();
    const check = new TarCheck(this.#limits);
    const gunzip = createGunzip();
    let size = 0;
    let unpackedBytes = 0;
    let failure: Error | undefined;
    const ended = Promise.withResolvers<void>();
    ended.promise.catch(() => undefined);
    const fail = (thrown: Error) => {
      failure ??= thrown;
      ended.reject(failure);
      gunzip.destroy();
    };
    gunzip.on("data", (piece: Buffer) => {
      try {
        unpacked.update(piece);
        unpackedBytes += piece.length;
        check.take(piece);
      } catch (thrown) {
        fail(toBerthError(thrown, "guest_protocol"));
      }
    });
    gunzip.once("error", (cause) =>
      fail(new BerthError("guest_protocol", "The layer of the sandbox was refused: it is not gzip.", { cause })),
    );
    gunzip.once("end", () => ended.resolve());
    try {
      for await (const chunk of this.#source) {
        if (failure !== undefined) throw failure;
        size += chunk.length;
        packed.update(chunk);
        if (!gunzip.write(chunk)) await Promise.race([once(gunzip, "drain"), ended.promise]);
        yield chunk;
      }
      gunzip.end();
      await ended.promise;
      check.end();
      if (gunzip.bytesWritten !== size) {
        throw new BerthError("guest_protocol", "The layer of the sandbox was refused: something comes behind its end.");
      }
      const facts = { size, unpackedBytes, digest: packed.digest("hex"), diffId: unpacked.digest("hex") };
      this.#facts = { ...facts, digest: `sha256:${facts.digest}`, diffId: `sha256:${facts.diffId}` };
    } finally {
      gunzip.destroy();
    }
  }
}
