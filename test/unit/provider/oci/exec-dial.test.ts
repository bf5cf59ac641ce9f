import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { connectGuest } from "../../../../src/guest/connect-guest.ts";
import { dialByExec } from "../../../../src/provider/oci/exec-dial.ts";
import { guestThat } from "../../../support/scripted-guest.ts";

const signal = AbortSignal.timeout(20_000);
const bridge = (path: string) => [
  process.execPath,
  "-e",
  `const s = require("node:net").connect(${JSON.stringify(path)}); process.stdin.pipe(s).pipe(process.stdout); s.on("close", () => process.exit(3))`,
];

test("a guest that goes away while much is sent to it fails what was asked, and nothing else", async () => {
  const dir = await mkdtemp(join(tmpdir(), "berth-dial-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  using guest = guestThat(() => {});
  const accepted: Socket[] = [];
  const server = createServer((socket) => {
    accepted.push(socket.on("error", () => {}));
    void guest.open().then((inner) => socket.pipe(inner).pipe(socket));
  }).listen(join(dir, "socket"));
  onTestFinished(() => void server.close());
  await once(server, "listening");

  const client = await connectGuest({ open: () => dialByExec(bridge(join(dir, "socket")), signal) });
  onTestFinished(() => client.close());
  const writes = Array.from({ length: 30 }, async () =>
    client
      .write("file", Buffer.alloc(1 << 20), {}, { timeoutMs: 10_000 })
      .catch((thrown: { code?: string }) => thrown.code),
  );
  await expect.poll(() => guest.asked.length).toBeGreaterThan(5);
  accepted[0]?.destroy();
  expect(new Set(await Promise.all(writes))).toEqual(new Set(["outcome_unknown"]));
});
