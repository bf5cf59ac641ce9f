import { once } from "node:events";
import type { Socket } from "node:net";
import { pipeline, type Duplex } from "node:stream";
import { withDeadline } from "../core/deadline.ts";
import { readOpening } from "./client-hello.ts";
import { Denied } from "./denied.ts";
import { textOf, type Destination } from "./destination.ts";

const openingDeadlineMs = 30_000;

/**
 * Says that the way is open, and passes bytes on both ways once the tool has begun TLS with the server that CONNECT named.
 * @throws Denied `not_tls`, `other_server_name`; BerthError `deadline_exceeded`; the signal's reason. Nothing was sent then
 */
export async function tunnel(
  tool: Duplex,
  head: Buffer,
  { destination, socket, signal }: { destination: Destination; socket: Socket; signal: AbortSignal },
): Promise<void> {
  tool.write("HTTP/1.1 200 Connection established\r\n\r\n");
  const opening = await withDeadline(
    "the start of TLS",
    openingDeadlineMs,
    (inner) => openingOf(tool, head, destination, inner),
    { parent: signal },
  );
  socket.write(opening);
  pipeline(tool, socket, () => {});
  pipeline(socket, tool, () => {});
}

/** The first bytes up to the end of the ClientHello, and what came with them. */
async function openingOf(tool: Duplex, head: Buffer, destination: Destination, signal: AbortSignal): Promise<Buffer> {
  let bytes = head;
  for (;;) {
    const opening = readOpening(bytes);
    if (opening.kind === "other") throw new Denied("not_tls", textOf(destination));
    if (opening.kind === "client_hello") {
      if (opening.serverName !== undefined && opening.serverName !== destination.name)
        throw new Denied("other_server_name", textOf(destination));
      return bytes;
    }
    bytes = Buffer.concat([bytes, await nextChunk(tool, signal)]);
  }
}

async function nextChunk(stream: Duplex, signal: AbortSignal): Promise<Buffer> {
  for (;;) {
    const chunk = stream.read() as Buffer | null;
    if (chunk !== null) return chunk;
    await once(stream, "readable", { signal });
  }
}
