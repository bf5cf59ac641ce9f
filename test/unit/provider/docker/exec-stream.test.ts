import { duplexPair, PassThrough, type Duplex } from "node:stream";
import { buffer } from "node:stream/consumers";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ExecStream } from "../../../../src/provider/docker/exec-stream.ts";

function frame(stream: number, payload: Buffer | string): Buffer {
  const body = Buffer.from(payload);
  const header = Buffer.alloc(8);
  header.writeUInt8(stream, 0);
  header.writeUInt32BE(body.length, 4);
  return Buffer.concat([header, body]);
}

/** The stream under test and the daemon's end of its connection. */
function opened(): { stream: ExecStream; daemon: Duplex } {
  const [ours, daemon] = duplexPair();
  return { stream: new ExecStream(ours), daemon };
}

const failure = (stream: ExecStream) => new Promise<Error>((resolve) => stream.once("error", resolve));

describe("ExecStream", () => {
  it("passes on what the program writes to stdout, however the frames are cut", async () => {
    const contents = fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(
        contents,
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
        async (payloads, cuts) => {
          const { stream, daemon } = opened();
          const said = [Buffer.from([0]), ...payloads.map((bytes) => Buffer.from(bytes))];
          const wire = Buffer.concat(said.flatMap((payload) => [frame(2, "noise"), frame(1, payload)]));
          for (let at = 0, turn = 0; at < wire.length; turn++) {
            const cut = cuts[turn % cuts.length] ?? 1;
            daemon.write(wire.subarray(at, at + cut));
            at += cut;
          }
          daemon.end();
          expect(await buffer(stream)).toEqual(Buffer.concat(said));
        },
      ),
      { numRuns: 50 },
    );
  });

  it("sends what is written to the program's stdin as it is", async () => {
    const { stream, daemon } = opened();
    stream.write("hello");
    stream.end(" there");
    expect((await buffer(daemon)).toString()).toBe("hello there");
  });

  it("stops reading from the daemon while nobody reads from it", async () => {
    const socket = new PassThrough({ highWaterMark: 64 * 1024 });
    const stream = new ExecStream(socket);
    stream.read(0);
    const block = frame(1, Buffer.alloc(16 * 1024));
    let accepted = 0;
    while (accepted < 100 && socket.write(block)) {
      accepted++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(accepted).toBeLessThan(20);
    expect(stream.readableLength).toBeLessThan(128 * 1024);
    stream.destroy();
  });

  it("says what the program complained of when the guest was never heard", async () => {
    const { stream, daemon } = opened();
    const failed = failure(stream);
    stream.resume();
    daemon.end(frame(2, "dial unix /run/berth/guest.sock: connect: no such file or directory\n"));
    expect(await failed).toMatchObject({
      code: "sandbox_lost",
      message: expect.stringContaining("no such file or directory"),
    });
  });

  it("takes the daemon's complaint on stdout for what it is", async () => {
    const { stream, daemon } = opened();
    const failed = failure(stream);
    stream.resume();
    daemon.end(frame(1, "OCI runtime exec failed: exec failed"));
    expect(await failed).toMatchObject({
      code: "sandbox_lost",
      message: expect.stringContaining("OCI runtime exec failed"),
    });
  });

  it("fails when the connection ends inside a frame", async () => {
    const { stream, daemon } = opened();
    const failed = failure(stream);
    stream.resume();
    daemon.end(frame(1, Buffer.alloc(10)).subarray(0, 12));
    expect(await failed).toMatchObject({ code: "provider_unavailable" });
  });

  it("refuses what is not framed", async () => {
    const { stream, daemon } = opened();
    const failed = failure(stream);
    stream.resume();
    daemon.write("HTTP/1.1 200 OK\r\n");
    expect(await failed).toMatchObject({ code: "provider_unavailable" });
  });

  it("keeps only the end of an endless complaint", async () => {
    const { stream, daemon } = opened();
    const failed = failure(stream);
    stream.resume();
    for (let line = 0; line < 1000; line++) daemon.write(frame(2, "x".repeat(100)));
    daemon.end();
    expect((await failed).message.length).toBeLessThan(3000);
  });

  it("closes the daemon's connection when it is destroyed", () => {
    const socket = new PassThrough();
    new ExecStream(socket).destroy();
    expect(socket.destroyed).toBe(true);
  });
});
