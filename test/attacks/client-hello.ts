import { randomBytes } from "node:crypto";

/** Behind its length. */
function block(lengthBytes: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length = Buffer.alloc(lengthBytes);
  length.writeUIntBE(content.length, 0, lengthBytes);
  return Buffer.concat([length, content]);
}

const hostName = (name: string): Buffer => Buffer.concat([Buffer.of(0), block(2, Buffer.from(name))]);
const serverNames = (names: readonly string[]): Buffer =>
  Buffer.concat([Buffer.of(0, 0), block(2, block(2, ...names.map(hostName)))]);
const record = (fragment: Buffer): Buffer => Buffer.concat([Buffer.of(22, 3, 1), block(2, fragment)]);

/**
 * A ClientHello with one extension for each list of server names; sent in two TLS records when it is `split` before that many bytes.
 */
export function clientHello(lists: readonly (readonly string[])[], { split }: { split?: number } = {}): Buffer {
  const hello = Buffer.concat([
    Buffer.of(1),
    block(
      3,
      Buffer.of(3, 3),
      randomBytes(32),
      block(1),
      block(2, Buffer.of(0x13, 0x01)),
      block(1, Buffer.of(0)),
      block(2, ...lists.map(serverNames)),
    ),
  ]);
  if (split === undefined) return record(hello);
  return Buffer.concat([record(hello.subarray(0, split)), record(hello.subarray(split))]);
}
