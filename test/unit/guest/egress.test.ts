import { once } from "node:events";
import { Duplex } from "node:stream";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { BerthError } from "../../../src/core/errors.ts";
import { connectGuest } from "../../../src/guest/connect-guest.ts";
import { bootId, guestThat, ScriptedGuest, type Asked } from "../../support/scripted-guest.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function clientOf(guest: ScriptedGuest) {
  const client = await connectGuest({ open: guest.open, connectTimeoutMs: 300 });
  open.push(client, { close: () => guest[Symbol.dispose]() });
  return client;
}

const code = (work: Promise<unknown>) =>
  work.then(
    () => "accepted",
    (thrown: unknown) => (thrown as BerthError).code ?? String(thrown),
  );

/** Answers the head as an honest guest does when a tool connects. */
function connected({ stream, headers }: Asked, change: Record<string, string | number> = {}): void {
  stream.respond({
    ":status": 200,
    "berth-boot-id": bootId,
    "berth-call-id": String(headers["berth-call-id"]),
    ...change,
  });
}

const streams: Duplex[] = [];
const forever = () => new AbortController().signal;

describe("A connection of a tool", () => {
  test("is a byte stream on a session of its own, whole in both directions", async () => {
    const received: Buffer[] = [];
    const guest = guestThat((asked) => {
      connected(asked);
      asked.stream.on("data", (chunk: Buffer) => received.push(chunk));
      asked.stream.write(Buffer.alloc(3 * 1024 * 1024, "a"));
      asked.stream.end("end");
    });
    const client = await clientOf(guest);
    const connection = await client.acceptEgress(forever());
    expect(guest.streams).toHaveLength(2);
    const pieces = Array.from({ length: 200 }, (_, n) => `piece ${n}, `);
    connection.cork();
    for (const piece of pieces) connection.write(piece, "latin1");
    connection.write(Buffer.alloc(100_000, "b"));
    connection.uncork();
    connection.end();
    const read: Buffer[] = [];
    connection.on("data", (chunk: Buffer) => read.push(chunk));
    const sent = `${pieces.join("")}${"b".repeat(100_000)}`;
    await vi.waitFor(() => {
      expect(Buffer.concat(read).length).toBe(3 * 1024 * 1024 + 3);
      expect(Buffer.concat(received).toString() === sent).toBe(true);
    });
  });

  test("that is destroyed is reset, and one whose guest resets it is destroyed", async () => {
    const codes: number[] = [];
    const guest = guestThat((asked) => {
      connected(asked);
      asked.stream.once("close", () => codes.push(asked.stream.rstCode));
    });
    const client = await clientOf(guest);
    (await client.acceptEgress(forever())).destroy();
    await vi.waitFor(() => expect(codes).toEqual([8]));
    const broken = await client.acceptEgress(forever());
    broken.on("error", () => {});
    guest.streams[1]?.destroy();
    if (!broken.destroyed) await once(broken, "close");
    expect(await code(client.acceptEgress(forever()))).toBe("accepted");
  });
});

test("a stream that fails in the middle of a write takes down its session and nothing else", async () => {
  const guest = guestThat((asked) => connected(asked));
  let stuck = false;
  const client = await connectGuest({
    connectTimeoutMs: 300,
    open: async () => {
      const far = await guest.open();
      const near = new Duplex({
        read: () => void far.resume(),
        write: (chunk, _encoding, done) => void (stuck || far.write(chunk, done)),
      });
      far.on("data", (chunk) => near.push(chunk));
      streams.push(near);
      return near;
    },
  });
  open.push(client, { close: () => guest[Symbol.dispose]() });
  const connection = await client.acceptEgress(forever());
  stuck = true;
  connection.write(Buffer.alloc(1024 * 1024));
  connection.on("error", () => {});
  await new Promise(setImmediate);
  streams[1]?.destroy(new Error("EPIPE"));
  await vi.waitFor(() => expect(connection.destroyed).toBe(true));
});

describe("Waiting for a connection", () => {
  test("ends with the signal, and takes its request back", async () => {
    let closed = false;
    const guest = guestThat((asked) => asked.stream.once("close", () => (closed = true)));
    const client = await clientOf(guest);
    const leaving = new AbortController();
    const waiting = code(client.acceptEgress(leaving.signal));
    await vi.waitFor(() => expect(guest.asked).toContain("POST /v1/egress/accept"));
    leaving.abort(new Error("over"));
    expect(await waiting).toBe("Error: over");
    await vi.waitFor(() => expect(closed).toBe(true));
  });

  test.each<[string, (asked: Asked) => void, string]>([
    ["a stream that breaks", (asked) => asked.breakStream(), "sandbox_lost"],
    ["a reply that ends at once without a head", (asked) => asked.stream.close(), "sandbox_lost"],
    [
      "an error",
      (asked) => asked.reply({ error: { code: "precondition_failed", message: "" } }, { ":status": 412 }),
      "guest_protocol",
    ],
    ["another boot", (asked) => connected(asked, { "berth-boot-id": "f".repeat(32) }), "sandbox_lost"],
    ["another call", (asked) => connected(asked, { "berth-call-id": "x" }), "guest_protocol"],
  ])("ends with %s", async (_what, script, expected) => {
    const client = await clientOf(guestThat(script));
    expect(await code(client.acceptEgress(forever()))).toBe(expected);
  });

  test("ends when the client closes", async () => {
    const guest = guestThat(() => {});
    const client = await clientOf(guest);
    const waiting = code(client.acceptEgress(forever()));
    await vi.waitFor(() => expect(guest.asked).toContain("POST /v1/egress/accept"));
    await client.close();
    expect(await waiting).toBe("sandbox_lost");
    expect(await code(client.acceptEgress(forever()))).toBe("sandbox_lost");
  });
});
