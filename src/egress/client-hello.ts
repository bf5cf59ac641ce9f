/** The start of a byte stream, looked at as TLS. */
export type Opening =
  | { readonly kind: "incomplete" }
  | { readonly kind: "other" }
  /** A ClientHello; `serverName` in lower case, undefined when it names none. */
  | { readonly kind: "client_hello"; readonly serverName: string | undefined };

const recordHeaderBytes = 5;
const handshakeRecord = 22;
const clientHelloMessage = 1;
const serverNameExtension = 0;
const hostNameType = 0;
const maxRecordBytes = 2 ** 14;
const randomBytes = 32;

const other: Opening = { kind: "other" };

/**
 * What the first record of a stream is; `incomplete` only below 16 KiB and its header. A ClientHello that does not lie in it whole, or is malformed in any way, is `other`: clients
 * do not send such, and what is taken apart differently elsewhere could name another server there.
 */
export function readOpening(bytes: Buffer): Opening {
  if (bytes.length > 0 && bytes[0] !== handshakeRecord) return other;
  if (bytes.length > 1 && bytes[1] !== 3) return other;
  if (bytes.length < recordHeaderBytes) return { kind: "incomplete" };
  const length = bytes.readUInt16BE(3);
  if (length > maxRecordBytes) return other;
  if (bytes.length < recordHeaderBytes + length) return { kind: "incomplete" };
  try {
    return clientHello(new Reader(bytes.subarray(recordHeaderBytes, recordHeaderBytes + length)));
  } catch (thrown) {
    if (thrown instanceof Malformed) return other;
    throw thrown;
  }
}

function clientHello(record: Reader): Opening {
  if (record.number(1) !== clientHelloMessage) throw new Malformed();
  const hello = record.block(3);
  hello.skip(2 + randomBytes);
  hello.block(1);
  hello.block(2);
  hello.block(1);
  let serverName: string | undefined;
  if (!hello.atEnd) {
    const extensions = hello.block(2);
    const seen = new Set<number>();
    while (!extensions.atEnd) {
      const type = extensions.number(2);
      const content = extensions.block(2);
      if (seen.has(type)) throw new Malformed();
      seen.add(type);
      if (type === serverNameExtension) serverName = hostName(content);
    }
  }
  if (!hello.atEnd || !record.atEnd) throw new Malformed();
  return { kind: "client_hello", serverName };
}

/** The one name of a list; the format has room for more, the protocol has not. */
function hostName(extension: Reader): string {
  const list = extension.block(2);
  if (list.number(1) !== hostNameType) throw new Malformed();
  const name = list.block(2).text();
  if (!list.atEnd || !extension.atEnd || !/^[\x21-\x7e]+$/.test(name)) throw new Malformed();
  return name.toLowerCase();
}

class Malformed extends Error {}

/** Numbers in network order and blocks behind their lengths. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  number(bytes: number): number {
    return this.#take(bytes).readUIntBE(0, bytes);
  }

  block(lengthBytes: number): Reader {
    return new Reader(this.#take(this.number(lengthBytes)));
  }

  skip(bytes: number): void {
    this.#take(bytes);
  }

  text(): string {
    return this.#take(this.#bytes.length - this.#at).toString("latin1");
  }

  #take(bytes: number): Buffer {
    const end = this.#at + bytes;
    if (end > this.#bytes.length) throw new Malformed();
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}
