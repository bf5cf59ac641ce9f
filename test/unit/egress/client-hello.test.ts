import fc from "fast-check";
import { expect, test } from "vitest";
import { readOpening } from "../../../src/egress/client-hello.ts";
import { clientHello } from "../../support/client-hello.ts";

const named = await clientHello("Api.Example.org");

/** A record of a ClientHello with these extensions, each a type and its content. */
function hello(extensions: readonly (readonly [number, Buffer])[], change: { after?: Buffer } = {}): Buffer {
  const sized = (bytes: number, content: Buffer) => {
    const length = Buffer.alloc(bytes);
    length.writeUIntBE(content.length, 0, bytes);
    return Buffer.concat([length, content]);
  };
  const listed = extensions.map(([type, content]) =>
    Buffer.concat([Buffer.from([type >> 8, type & 255]), sized(2, content)]),
  );
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32),
    sized(1, Buffer.alloc(0)),
    sized(2, Buffer.from([0x13, 0x01])),
    sized(1, Buffer.from([0])),
    sized(2, Buffer.concat(listed)),
  ]);
  const message = Buffer.concat([Buffer.from([1]), sized(3, body), change.after ?? Buffer.alloc(0)]);
  return Buffer.concat([Buffer.from([22, 3, 1]), sized(2, message)]);
}

const serverNames = (...names: string[]): Buffer => {
  const list = Buffer.concat(
    names.map((name) => Buffer.concat([Buffer.from([0, 0, name.length]), Buffer.from(name, "latin1")])),
  );
  return Buffer.concat([Buffer.from([0, list.length]), list]);
};

test("the server that a real client names is read, in lower case", async () => {
  expect(readOpening(named)).toEqual({ kind: "client_hello", serverName: "api.example.org" });
  expect(readOpening(await clientHello())).toEqual({ kind: "client_hello", serverName: undefined });
  expect(readOpening(Buffer.concat([named, Buffer.from("early data")]))).toMatchObject({ kind: "client_hello" });
});

test("a hello is incomplete until its last byte", () => {
  for (let length = 0; length < named.length; length++)
    expect(readOpening(named.subarray(0, length))).toEqual({ kind: "incomplete" });
});

test.each([
  ["a request", Buffer.from("GET / HTTP/1.1\r\n")],
  ["SSH", Buffer.from("SSH-2.0-x\r\n")],
  ["an alert", Buffer.from([21, 3, 1, 0, 2, 1, 0])],
  ["SSL 2", Buffer.from([0x80, 0x2e, 1, 3, 1])],
  ["another major version", Buffer.from([22, 2, 1, 0, 0])],
  ["a record that is too long", Buffer.from([22, 3, 1, 0x40, 1])],
  ["an empty record", Buffer.from([22, 3, 1, 0, 0])],
  ["a hello in two records", Buffer.concat([Buffer.from([22, 3, 1, 0, 10]), named.subarray(5)])],
  ["two messages in a record", hello([[0, serverNames("a.b")]], { after: Buffer.from([1, 0, 0, 0]) })],
  ["two names", hello([[0, serverNames("a.b", "c.d")]])],
  ["no name in the list", hello([[0, serverNames()]])],
  ["an empty name", hello([[0, serverNames("")]])],
  ["a name with NUL", hello([[0, serverNames("a.b\0.c")]])],
  [
    "two lists of names",
    hello([
      [0, serverNames("a.b")],
      [0, serverNames("c.d")],
    ]),
  ],
  ["an extension without an end", hello([[0, Buffer.from([0, 9, 0])]])],
])("%s is no ClientHello", (_what, bytes) => {
  expect(readOpening(bytes)).toEqual({ kind: "other" });
});

test("no bytes make the reader fail, and it never waits for more than a record", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: named.length - 1 }), fc.uint8Array({ maxLength: 64 }), (at, noise) => {
      const bytes = Buffer.from(named);
      bytes.set(noise.subarray(0, bytes.length - at), at);
      expect(["incomplete", "other", "client_hello"]).toContain(readOpening(bytes).kind);
      expect(readOpening(Buffer.concat([bytes, Buffer.alloc(2 ** 14)])).kind).not.toBe("incomplete");
    }),
  );
});
